"""Tables of the metadata database that real DAG files import."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_TABLES = "slipstream.compat.adapters.database_models"

TABLE: Table = {
    "airflow.jobs.job": {_TABLES: "Job"},
    "airflow.models": {
        _TABLES: "DagModel DagTag Log Pool RenderedTaskInstanceFields TaskReschedule"
    },
    "airflow.models.asset": {_TABLES: "AssetModel"},
    "airflow.models.dag": {_TABLES: "DagModel DagTag"},
    "airflow.models.dagbundle": {_TABLES: "DagBundleModel"},
    "airflow.models.errors": {_TABLES: "ParseImportError"},
    "airflow.models.log": {_TABLES: "Log"},
    "airflow.models.pool": {_TABLES: "Pool"},
    "airflow.models.renderedtifields": {_TABLES: "RenderedTaskInstanceFields"},
    "airflow.models.taskreschedule": {_TABLES: "TaskReschedule"},
    "airflow.settings": {_TABLES: "engine"},
}
"""Others may list the same names: what is listed later counts."""
