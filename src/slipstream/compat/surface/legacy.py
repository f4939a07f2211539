"""Names of Airflow 1.10 and 2.x that Airflow 3 has removed and real DAG files still use.

Each module maps to its names and the module whose names they now are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slipstream.compat.surface._table import Removed

_STANDARD = "airflow.providers.standard"
_OPERATORS = f"{_STANDARD}.operators"
_SENSORS = f"{_STANDARD}.sensors"
_TRIGGERS = f"{_STANDARD}.triggers"
_HOOKS = f"{_STANDARD}.hooks"
_PYTHON = Removed(
    "PythonOperator BranchPythonOperator ShortCircuitOperator PythonVirtualenvOperator "
    "BranchPythonVirtualenvOperator ExternalPythonOperator BranchExternalPythonOperator "
    "get_current_context",
    f"{_OPERATORS}.python",
)
_SKIPPING = Removed("BaseOperator SkipMixin BranchMixIn", "airflow.sdk")
_BASH = Removed("BashOperator", f"{_OPERATORS}.bash")
_EMPTY = Removed("EmptyOperator DummyOperator=EmptyOperator", f"{_OPERATORS}.empty")
_LATEST = Removed("LatestOnlyOperator", f"{_OPERATORS}.latest_only")
_BRANCH = Removed("BaseBranchOperator BranchMixIn", "airflow.sdk")
_BY_DATE = Removed("BranchDateTimeOperator target_times_as_dates", f"{_OPERATORS}.datetime")
_SENSOR = Removed("BaseSensorOperator", "airflow.sdk")
_BASH_SENSOR = Removed("BashSensor", f"{_SENSORS}.bash")
_DATE_SENSOR = Removed("DateTimeSensor DateTimeSensorAsync", f"{_SENSORS}.date_time")
_FILE_SENSOR = Removed("FileSensor", f"{_SENSORS}.filesystem")
_PYTHON_SENSOR = Removed("PythonSensor", f"{_SENSORS}.python")
_TIME_SENSOR = Removed("TimeSensor TimeSensorAsync", f"{_SENSORS}.time")
_DELTA_SENSOR = Removed("TimeDeltaSensor TimeDeltaSensorAsync WaitSensor", f"{_SENSORS}.time_delta")
_DAY_SENSOR = Removed("DayOfWeekSensor", f"{_SENSORS}.weekday")
_EXTERNAL = Removed(
    "ExternalTaskSensor ExternalTaskMarker ExternalDagLink ExternalTaskSensorLink=ExternalDagLink",
    f"{_SENSORS}.external_task",
)
_TRIGGER_RUN = Removed(
    "TriggerDagRunOperator TriggerDagRunLink XCOM_LOGICAL_DATE_ISO XCOM_RUN_ID "
    "XCOM_EXECUTION_DATE_ISO=XCOM_LOGICAL_DATE_ISO",
    f"{_OPERATORS}.trigger_dagrun",
)
_FILES = Removed("FSHook", f"{_HOOKS}.filesystem")

_SUBDAG = Removed(
    "SubDagOperator", "slipstream.compat.adapters.not_here", "a TaskGroup in the same DAG"
)

REMOVED_NAMES: Mapping[str, Removed | Sequence[Removed]] = {
    "airflow.configuration": Removed(
        "get getboolean getfloat getint getsection has_option",
        "slipstream.compat.adapters.configuration",
        "the methods of airflow.configuration.conf",
    ),
    "airflow.contrib.hooks.fs_hook": _FILES,
    "airflow.contrib.sensors.bash_sensor": _BASH_SENSOR,
    "airflow.contrib.sensors.file_sensor": _FILE_SENSOR,
    "airflow.contrib.sensors.python_sensor": _PYTHON_SENSOR,
    "airflow.contrib.sensors.weekday_sensor": _DAY_SENSOR,
    "airflow.contrib.utils.weekday": Removed("WeekDay", f"{_STANDARD}.utils.weekday"),
    "airflow.datasets": Removed(
        "Dataset DatasetAlias=AssetAlias DatasetAll=AssetAll DatasetAny=AssetAny",
        "airflow.sdk.definitions.asset",
    ),
    "airflow.datasets.metadata": Removed("Metadata", "airflow.sdk"),
    "airflow.hooks.base": Removed("BaseHook", "airflow.sdk"),
    "airflow.hooks.base_hook": Removed("BaseHook", "airflow.sdk"),
    "airflow.hooks.filesystem": _FILES,
    "airflow.hooks.package_index": Removed("PackageIndexHook", f"{_HOOKS}.package_index"),
    "airflow.hooks.subprocess": Removed(
        "SubprocessHook SubprocessResult working_directory", f"{_HOOKS}.subprocess"
    ),
    "airflow.models.dataset": Removed("Dataset", "airflow.sdk.definitions.asset"),
    "airflow.notifications.basenotifier": Removed("BaseNotifier", "airflow.sdk"),
    "airflow.operators": (_PYTHON, _BASH, _EMPTY, Removed("BaseOperator", "airflow.sdk")),
    "airflow.operators.bash": _BASH,
    "airflow.operators.bash_operator": (_BASH, Removed("BaseOperator", "airflow.sdk")),
    "airflow.operators.branch": _BRANCH,
    "airflow.operators.branch_operator": _BRANCH,
    "airflow.operators.dagrun_operator": (
        _TRIGGER_RUN,
        Removed(
            "DagRunOrder",
            "slipstream.sdk.operators.trigger_dagrun",
            "conf of TriggerDagRunOperator",
        ),
    ),
    "airflow.operators.datetime": _BY_DATE,
    "airflow.operators.dummy": _EMPTY,
    "airflow.operators.dummy_operator": _EMPTY,
    "airflow.operators.empty": _EMPTY,
    "airflow.operators.latest_only": _LATEST,
    "airflow.operators.latest_only_operator": _LATEST,
    "airflow.operators.python": (_PYTHON, _SKIPPING),
    "airflow.operators.python_operator": (_PYTHON, _SKIPPING),
    "airflow.operators.subdag": _SUBDAG,
    "airflow.operators.subdag_operator": _SUBDAG,
    "airflow.operators.sensors": (_SENSOR, _TIME_SENSOR, _DELTA_SENSOR, _EXTERNAL),
    "airflow.operators.smooth": Removed("SmoothOperator", f"{_OPERATORS}.smooth"),
    "airflow.operators.trigger_dagrun": _TRIGGER_RUN,
    "airflow.operators.weekday": Removed("BranchDayOfWeekOperator", f"{_OPERATORS}.weekday"),
    "airflow.sensors.base": Removed(
        "BaseSensorOperator PokeReturnValue poke_mode_only", "airflow.sdk.bases.sensor"
    ),
    "airflow.sensors.base_sensor_operator": _SENSOR,
    "airflow.sensors.bash": _BASH_SENSOR,
    "airflow.sensors.date_time": _DATE_SENSOR,
    "airflow.sensors.date_time_sensor": _DATE_SENSOR,
    "airflow.sensors.external_task": _EXTERNAL,
    "airflow.sensors.external_task_sensor": _EXTERNAL,
    "airflow.sensors.filesystem": _FILE_SENSOR,
    "airflow.sensors.python": _PYTHON_SENSOR,
    "airflow.sensors.time_delta": _DELTA_SENSOR,
    "airflow.sensors.time_delta_sensor": _DELTA_SENSOR,
    "airflow.sensors.time_sensor": _TIME_SENSOR,
    "airflow.sensors.weekday": _DAY_SENSOR,
    "airflow.sensors.weekday_sensor": _DAY_SENSOR,
    "airflow.task.trigger_rule": Removed("TriggerRule", "airflow.sdk"),
    "airflow.timetables.datasets": Removed(
        "DatasetOrTimeSchedule=AssetOrTimeSchedule", "airflow.sdk"
    ),
    "airflow.triggers.external_task": Removed(
        "WorkflowTrigger DagStateTrigger", f"{_TRIGGERS}.external_task"
    ),
    "airflow.triggers.file": Removed("FileTrigger FileDeleteTrigger", f"{_TRIGGERS}.file"),
    "airflow.triggers.temporal": Removed(
        "DateTimeTrigger TimeDeltaTrigger", f"{_TRIGGERS}.temporal"
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
    "airflow.utils.weekday": Removed("WeekDay", f"{_STANDARD}.utils.weekday"),
}
