"""Folders of the deployment under the names of `airflow.configuration` and `airflow.settings`."""

from __future__ import annotations

from slipstream.sdk import conf


def __getattr__(name: str) -> str:
    """The folders, read from the settings when they are asked for."""
    if name == "DAGS_FOLDER":
        return str(conf.get("core", "dags_folder"))
    if name == "AIRFLOW_HOME":
        from slipstream.config import load_config

        return str(load_config().home)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
