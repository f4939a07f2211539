"""Stand-ins for the standard provider, for where its package is not installed."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_SDK = "slipstream.sdk"
_OPERATORS = "slipstream.sdk.operators"

TABLE: Table = {
    "airflow.providers": {},
    "airflow.providers.standard.operators.bash": {f"{_OPERATORS}.bash": "BashOperator"},
    "airflow.providers.standard.operators.branch": {_SDK: "BranchMixIn BaseBranchOperator"},
    "airflow.providers.standard.operators.empty": {f"{_OPERATORS}.empty": "EmptyOperator"},
    "airflow.providers.standard.operators.latest_only": {
        f"{_OPERATORS}.latest_only": "LatestOnlyOperator"
    },
    "airflow.providers.standard.operators.python": {
        f"{_OPERATORS}.python": "PythonOperator BranchPythonOperator ShortCircuitOperator",
        _SDK: "get_current_context",
    },
    "airflow.providers.standard.sensors.python": {"slipstream.sdk.sensors.python": "PythonSensor"},
}
