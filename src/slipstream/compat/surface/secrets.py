"""Secrets backends under their names in Airflow."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_PLACES = "slipstream.sdk._secret_places"

TABLE: Table = {
    "airflow.secrets": {_PLACES: "DEFAULT_SECRETS_SEARCH_PATH"},
    "airflow.secrets.base_secrets": {_PLACES: "DEFAULT_SECRETS_SEARCH_PATH"},
    "airflow.secrets.environment_variables": {_PLACES: "EnvironmentVariablesBackend"},
    "airflow.secrets.local_filesystem": {
        _PLACES: "LocalFilesystemBackend load_connections_dict load_variables"
    },
    "airflow.secrets.metastore": {_PLACES: "MetastoreBackend"},
}
