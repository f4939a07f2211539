"""What a setting's value must be beyond its kind, which are secret, and what they were called."""

from __future__ import annotations

from typing import Final, TypeAlias

Name: TypeAlias = tuple[str, str]
"""`(section, key)`, both in lower case."""

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

CHOICES: Final[dict[Name, tuple[str, ...]]] = {
    ("logging", "logging_level"): _LEVELS,
    ("logging", "uvicorn_logging_level"): _LEVELS,
    ("core", "dag_ignore_file_syntax"): ("glob", "regexp"),
    ("core", "test_connection"): ("Disabled", "Enabled", "Hidden"),
    ("api", "server_type"): ("uvicorn",),
    ("api", "ssl_cert_reqs"): ("none", "optional", "required"),
    ("standard", "venv_install_method"): ("auto", "pip", "uv"),
}
"""Settings with a closed set of values; upper and lower case are the same."""

BOUNDS: Final[dict[Name, tuple[float, float]]] = {
    ("api", "port"): (0, 65535),
    ("api", "workers"): (1, 256),
    ("api", "worker_timeout"): (1, 86_400),
    ("api", "maximum_page_limit"): (1, 1_000_000),
    ("api", "fallback_page_limit"): (1, 1_000_000),
    ("core", "parallelism"): (0, 1_000_000),
    ("core", "max_active_tasks_per_dag"): (0, 1_000_000),
    ("core", "max_active_runs_per_dag"): (0, 1_000_000),
    ("core", "default_pool_task_slot_count"): (-1, 1_000_000_000),
    ("core", "max_map_length"): (0, 1_000_000_000),
    ("core", "dagbag_import_timeout"): (0, 86_400),
    ("dag_processor", "parsing_processes"): (1, 1_024),
    ("slipstream", "stop_grace_seconds"): (0, 86_400),
    ("slipstream", "warm_memory_mb"): (0, 1_000_000_000),
    ("slipstream", "load_memory_mb"): (1, 1_000_000_000),
    ("slipstream", "xcom_threshold_bytes"): (0, 1_000_000_000),
}
"""The least and the greatest value of a number."""

SECRETS: Final[frozenset[Name]] = frozenset(
    {
        ("core", "asset_manager_kwargs"),
        ("core", "fernet_key"),
        ("database", "sql_alchemy_conn"),
        ("database", "sql_alchemy_conn_async"),
        ("database", "sql_alchemy_engine_args"),
        ("logging", "remote_task_handler_kwargs"),
        ("secrets", "backend_kwargs"),
        ("workers", "secrets_backend_kwargs"),
        ("api", "secret_key"),
        ("api_auth", "jwt_secret"),
        ("slipstream", "previous_jwt_secret"),
        ("slipstream", "oidc_client_secret"),
        ("slipstream", "ldap_bind_password"),
        ("sentry", "sentry_dsn"),
        ("smtp", "smtp_user"),
        ("smtp", "smtp_password"),
        ("celery", "broker_url"),
        ("celery", "result_backend"),
        ("celery", "flower_basic_auth"),
        ("opensearch", "username"),
        ("opensearch", "password"),
        ("atlas", "password"),
    }
)
"""Settings that are hidden from people, and that may come from a command (`key_cmd`) or from a
secrets backend (`key_secret`)."""


def _moved(new_section: str, old_section: str, **keys: str) -> dict[Name, Name]:
    return {(new_section, new): (old_section, old) for new, old in keys.items()}


def _kept(new_section: str, old_section: str, keys: str) -> dict[Name, Name]:
    return {(new_section, key): (old_section, key) for key in keys.split()}


FORMER_NAMES: Final[dict[Name, Name]] = {
    **_moved("core", "core", max_active_tasks_per_dag="dag_concurrency"),
    **_kept(
        "database",
        "core",
        "sql_alchemy_conn sql_engine_encoding sql_alchemy_pool_enabled sql_alchemy_pool_size "
        "sql_alchemy_max_overflow sql_alchemy_pool_recycle sql_alchemy_pool_pre_ping "
        "sql_alchemy_schema sql_alchemy_connect_args max_db_retries",
    ),
    **_kept(
        "logging",
        "core",
        "base_log_folder remote_logging remote_log_conn_id remote_base_log_folder logging_level "
        "encrypt_s3_logs logging_config_class log_format simple_log_format "
        "log_filename_template colored_console_log task_log_reader",
    ),
    **_kept(
        "metrics",
        "scheduler",
        "statsd_on statsd_host statsd_port statsd_prefix stat_name_handler "
        "statsd_datadog_enabled statsd_datadog_tags statsd_custom_client_path",
    ),
    **_moved(
        "api",
        "webserver",
        host="web_server_host",
        port="web_server_port",
        worker_timeout="web_server_worker_timeout",
        ssl_cert="web_server_ssl_cert",
        ssl_key="web_server_ssl_key",
    ),
    **_kept(
        "api",
        "webserver",
        "base_url workers secret_key instance_name expose_config expose_stacktrace "
        "log_fetch_timeout_sec hide_paused_dags_by_default default_wrap auto_refresh_interval "
        "require_confirmation_dag_change grid_view_sorting_order",
    ),
    **_moved(
        "dag_processor",
        "scheduler",
        refresh_interval="dag_dir_list_interval",
        parsing_processes="parsing_processes",
        file_parsing_sort_mode="file_parsing_sort_mode",
        max_callbacks_per_loop="max_callbacks_per_loop",
        min_file_process_interval="min_file_process_interval",
        stale_dag_threshold="stale_dag_threshold",
        print_stats_interval="print_stats_interval",
    ),
    **_moved("dag_processor", "core", dag_file_processor_timeout="dag_file_processor_timeout"),
    **_moved("triggerer", "triggerer", capacity="default_capacity"),
    **_moved(
        "scheduler",
        "scheduler",
        task_instance_heartbeat_timeout="scheduler_zombie_task_threshold",
        task_instance_heartbeat_sec="local_task_job_heartbeat_sec",
    ),
}
"""`{today's name: the name in Airflow 1.10 or 2}`; read where Airflow's own settings are."""
