"""Settings of the deployment under the names of `airflow.configuration` and `airflow.settings`."""

from __future__ import annotations

from slipstream.sdk import conf

HEADER = "Slipstream"
"""What commands of providers print above their own name."""


def __getattr__(name: str) -> str:
    """Folders and the umask, read from the settings when they are asked for."""
    if name == "DAGS_FOLDER":
        return str(conf.get("core", "dags_folder"))
    if name == "DAEMON_UMASK":
        return str(conf.get("core", "daemon_umask"))
    if name == "AIRFLOW_HOME":
        from slipstream.config import load_config

        return str(load_config().home)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
