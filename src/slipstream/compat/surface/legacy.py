"""Names of Airflow 1.10 and 2.x that Airflow 3 has removed and real DAG files still use.

Each module maps to its names and the module whose names they now are.
"""

from __future__ import annotations

from collections.abc import Mapping

from slipstream.compat.surface._table import Removed

_STANDARD = "airflow.providers.standard.operators"
_PYTHON = Removed(
    "PythonOperator BranchPythonOperator ShortCircuitOperator get_current_context",
    f"{_STANDARD}.python",
)
_BASH = Removed("BashOperator", f"{_STANDARD}.bash")
_EMPTY = Removed("EmptyOperator DummyOperator=EmptyOperator", f"{_STANDARD}.empty")
_LATEST = Removed("LatestOnlyOperator", f"{_STANDARD}.latest_only")
_BRANCH = Removed("BaseBranchOperator BranchMixIn", "airflow.sdk")

REMOVED_NAMES: Mapping[str, Removed] = {
    "airflow.datasets": Removed(
        "Dataset DatasetAlias=AssetAlias DatasetAll=AssetAll DatasetAny=AssetAny",
        "airflow.sdk.definitions.asset",
    ),
    "airflow.datasets.metadata": Removed("Metadata", "airflow.sdk"),
    "airflow.hooks.base": Removed("BaseHook", "airflow.sdk"),
    "airflow.hooks.base_hook": Removed("BaseHook", "airflow.sdk"),
    "airflow.models.dataset": Removed("Dataset", "airflow.sdk.definitions.asset"),
    "airflow.notifications.basenotifier": Removed("BaseNotifier", "airflow.sdk"),
    "airflow.operators.bash": _BASH,
    "airflow.operators.bash_operator": _BASH,
    "airflow.operators.branch": _BRANCH,
    "airflow.operators.branch_operator": _BRANCH,
    "airflow.operators.dummy": _EMPTY,
    "airflow.operators.dummy_operator": _EMPTY,
    "airflow.operators.empty": _EMPTY,
    "airflow.operators.latest_only": _LATEST,
    "airflow.operators.latest_only_operator": _LATEST,
    "airflow.operators.python": _PYTHON,
    "airflow.operators.python_operator": _PYTHON,
    "airflow.operators.sensors": Removed("BaseSensorOperator", "airflow.sdk"),
    "airflow.sensors.base": Removed(
        "BaseSensorOperator PokeReturnValue poke_mode_only", "airflow.sdk.bases.sensor"
    ),
    "airflow.sensors.python": Removed("PythonSensor", "airflow.providers.standard.sensors.python"),
    "airflow.sensors.base_sensor_operator": Removed("BaseSensorOperator", "airflow.sdk"),
    "airflow.task.trigger_rule": Removed("TriggerRule", "airflow.sdk"),
    "airflow.timetables.datasets": Removed(
        "DatasetOrTimeSchedule=AssetOrTimeSchedule", "airflow.sdk"
    ),
    "airflow.utils.dates": Removed(
        "days_ago cron_presets date_range round_time infer_time_unit scale_time_units "
        "parse_execution_date",
        "slipstream.compat.adapters.dates",
        "a fixed date: start_date=datetime(2026, 1, 1)",
    ),
    "airflow.utils.db": Removed("provide_session create_session", "airflow.utils.session"),
    "airflow.utils.decorators": Removed(
        "apply_defaults",
        "slipstream.compat.adapters.helpers",
        "nothing: operators apply default_args by themselves",
    ),
    "airflow.utils.edgemodifier": Removed("EdgeModifier Label", "airflow.sdk"),
    "airflow.utils.task_group": Removed("TaskGroup", "airflow.sdk"),
}
