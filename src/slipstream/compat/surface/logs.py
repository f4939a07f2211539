"""Logs of tasks under the names of Airflow: what keeps them elsewhere, and where that is set."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_REMOTE = "slipstream.sdk._remote_logs"
_PROTOCOLS = "RemoteLogIO RemoteLogStreamIO"
_TYPES = "LogMessages LogSourceInfo RawLogStream LogResponse StreamingLogResponse"
_HANDLER = "slipstream.runtime.log_handler"
_SETTINGS = "slipstream.compat.adapters.logging_settings"
_READER = "remote_task_log"

TABLE: Table = {
    "airflow.logging": {},
    "airflow.logging.remote": {_REMOTE: _PROTOCOLS},
    "airflow._shared.logging.remote": {_REMOTE: f"{_PROTOCOLS} {_TYPES}"},
    "airflow.sdk._shared.logging.remote": {_REMOTE: f"{_PROTOCOLS} {_TYPES}"},
    "airflow.logging_config": {
        _REMOTE: f"get_remote_task_log={_READER} get_default_remote_conn_id=default_remote_conn_id "
        "_ActiveLoggingConfig=ActiveLoggingConfig"
    },
    "airflow.sdk.log": {
        _REMOTE: f"load_remote_log_handler={_READER} load_remote_conn_id=default_remote_conn_id "
        "relative_path_from_logger"
    },
    "airflow.config_templates": {},
    "airflow.config_templates.airflow_local_settings": {
        _SETTINGS: "BASE_LOG_FOLDER DEFAULT_LOGGING_CONFIG DEFAULT_REMOTE_CONN_ID LOG_LEVEL "
        "REMOTE_TASK_LOG"
    },
    "airflow.utils.log": {},
    "airflow.utils.log.file_task_handler": {
        _HANDLER: "FileTaskHandler LogMetadata StructuredLogMessage"
    },
}
