"""`airflow.config_templates.airflow_local_settings`: what deployments copy and change.

The dictionary is one for `logging.config.dictConfig`. Here it configures nothing: what tasks log is
taken by their supervisor. A module that the setting `logging_config_class` names has a changed
copy, and beside it `REMOTE_TASK_LOG`, which is used.
"""

from __future__ import annotations

from typing import Any

from slipstream.sdk._conf import conf

LOG_LEVEL = str(conf.get("logging", "logging_level")).upper()
BASE_LOG_FOLDER = str(conf.get("logging", "base_log_folder"))
REMOTE_TASK_LOG = None
DEFAULT_REMOTE_CONN_ID = None

DEFAULT_LOGGING_CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "airflow": {"format": str(conf.get("logging", "simple_log_format"))},
    },
    "filters": {},
    "handlers": {
        "default": {"class": "logging.StreamHandler", "formatter": "airflow"},
        "task": {
            "class": "airflow.utils.log.file_task_handler.FileTaskHandler",
            "formatter": "airflow",
            "base_log_folder": BASE_LOG_FOLDER,
        },
    },
    "loggers": {
        "airflow.task": {
            "handlers": ["task"],
            "level": LOG_LEVEL,
            "propagate": True,
            "filters": [],
        },
    },
    "root": {"handlers": ["default"], "level": LOG_LEVEL},
}
