"""The standard provider, for where its package is not installed."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_SDK = "slipstream.sdk"
_OPERATORS = "slipstream.sdk.operators"
_SENSORS = "slipstream.sdk.sensors"
_TRIGGERS = "slipstream.sdk.triggers"
_HOOKS = "slipstream.sdk.hooks"
_DECORATED = "slipstream.sdk.operators._decorated"
_ELSEWHERE = "slipstream.sdk.operators._decorated_elsewhere"
_KINDS = "slipstream.sdk._task_kinds"
_KINDS_ELSEWHERE = "slipstream.sdk._task_kinds_elsewhere"
_VERSION = "slipstream.compat.adapters.version"
_STANDARD = "airflow.providers.standard"

TABLE: Table = {
    "airflow.providers": {},
    _STANDARD: {_VERSION: "__version__=standard_version"},
    f"{_STANDARD}.decorators.bash": {_DECORATED: "_BashDecoratedOperator", _KINDS: "bash_task"},
    f"{_STANDARD}.decorators.branch_external_python": {
        _ELSEWHERE: "_BranchExternalPythonDecoratedOperator",
        _KINDS_ELSEWHERE: "branch_external_python_task",
    },
    f"{_STANDARD}.decorators.branch_python": {
        _DECORATED: "_BranchPythonDecoratedOperator",
        _KINDS: "branch_task",
    },
    f"{_STANDARD}.decorators.branch_virtualenv": {
        _ELSEWHERE: "_BranchPythonVirtualenvDecoratedOperator",
        _KINDS_ELSEWHERE: "branch_virtualenv_task",
    },
    f"{_STANDARD}.decorators.external_python": {
        _ELSEWHERE: "_PythonExternalDecoratedOperator",
        _KINDS_ELSEWHERE: "external_python_task",
    },
    f"{_STANDARD}.decorators.python": {
        _DECORATED: "_PythonDecoratedOperator",
        _KINDS: "python_task",
    },
    f"{_STANDARD}.decorators.python_virtualenv": {
        _ELSEWHERE: "_PythonVirtualenvDecoratedOperator",
        _KINDS_ELSEWHERE: "virtualenv_task",
    },
    f"{_STANDARD}.decorators.sensor": {
        _DECORATED: "DecoratedSensorOperator=_DecoratedSensorOperator",
        _KINDS: "sensor_task",
    },
    f"{_STANDARD}.decorators.short_circuit": {
        _DECORATED: "_ShortCircuitDecoratedOperator",
        _KINDS: "short_circuit_task",
    },
    f"{_STANDARD}.decorators.stub": {_DECORATED: "_StubOperator", _KINDS: "stub=stub_task"},
    f"{_STANDARD}.exceptions": {
        "slipstream.sdk._standard_exceptions": "AirflowExternalTaskSensorException "
        "DuplicateStateError ExternalDagDeletedError ExternalDagFailedError "
        "ExternalDagNotFoundError ExternalTaskFailedError ExternalTaskGroupFailedError "
        "ExternalTaskGroupNotFoundError ExternalTaskNotFoundError HITLRejectException "
        "HITLTimeoutError HITLTriggerEventError",
        "slipstream.sdk.exceptions": "AirflowException",
    },
    f"{_STANDARD}.hooks.filesystem": {f"{_HOOKS}.filesystem": "FSHook"},
    f"{_STANDARD}.hooks.package_index": {f"{_HOOKS}.package_index": "PackageIndexHook"},
    f"{_STANDARD}.hooks.subprocess": {
        f"{_HOOKS}.subprocess": "SubprocessHook SubprocessResult working_directory"
    },
    f"{_STANDARD}.operators.bash": {f"{_OPERATORS}.bash": "BashOperator"},
    f"{_STANDARD}.operators.branch": {_SDK: "BranchMixIn BaseBranchOperator"},
    f"{_STANDARD}.operators.datetime": {
        f"{_OPERATORS}.datetime": "BranchDateTimeOperator target_times_as_dates"
    },
    f"{_STANDARD}.operators.empty": {f"{_OPERATORS}.empty": "EmptyOperator"},
    f"{_STANDARD}.operators.hitl": {
        f"{_OPERATORS}.hitl": "HITLOperator ApprovalOperator HITLBranchOperator HITLEntryOperator"
    },
    f"{_STANDARD}.operators.latest_only": {f"{_OPERATORS}.latest_only": "LatestOnlyOperator"},
    f"{_STANDARD}.operators.python": {
        f"{_OPERATORS}.python": "PythonOperator BranchPythonOperator ShortCircuitOperator",
        f"{_OPERATORS}.python_venv": "PythonVirtualenvOperator BranchPythonVirtualenvOperator "
        "ExternalPythonOperator BranchExternalPythonOperator",
        _SDK: "get_current_context",
    },
    f"{_STANDARD}.operators.smooth": {f"{_OPERATORS}.smooth": "SmoothOperator"},
    f"{_STANDARD}.operators.trigger_dagrun": {
        f"{_OPERATORS}.trigger_dagrun": "TriggerDagRunOperator TriggerDagRunLink DagIsPaused "
        "XCOM_LOGICAL_DATE_ISO XCOM_RUN_ID"
    },
    f"{_STANDARD}.operators.weekday": {f"{_OPERATORS}.weekday": "BranchDayOfWeekOperator"},
    f"{_STANDARD}.sensors.bash": {f"{_SENSORS}.bash": "BashSensor"},
    f"{_STANDARD}.sensors.date_time": {
        f"{_SENSORS}.date_time": "DateTimeSensor DateTimeSensorAsync"
    },
    f"{_STANDARD}.sensors.external_task": {
        f"{_SENSORS}.external_task": "ExternalTaskSensor ExternalTaskMarker ExternalDagLink"
    },
    f"{_STANDARD}.sensors.filesystem": {f"{_SENSORS}.filesystem": "FileSensor"},
    f"{_STANDARD}.sensors.python": {f"{_SENSORS}.python": "PythonSensor"},
    f"{_STANDARD}.sensors.time": {f"{_SENSORS}.time": "TimeSensor TimeSensorAsync"},
    f"{_STANDARD}.sensors.time_delta": {
        f"{_SENSORS}.time_delta": "TimeDeltaSensor TimeDeltaSensorAsync WaitSensor"
    },
    f"{_STANDARD}.sensors.weekday": {f"{_SENSORS}.weekday": "DayOfWeekSensor"},
    f"{_STANDARD}.triggers.external_task": {
        f"{_TRIGGERS}.external_task": "WorkflowTrigger DagStateTrigger"
    },
    f"{_STANDARD}.triggers.file": {
        f"{_TRIGGERS}.file": "FileTrigger FileDeleteTrigger DirectoryFileDeleteTrigger"
    },
    f"{_STANDARD}.triggers.hitl": {
        f"{_TRIGGERS}.hitl": "HITLTrigger HITLTriggerEventSuccessPayload "
        "HITLTriggerEventFailurePayload"
    },
    f"{_STANDARD}.triggers.temporal": {f"{_TRIGGERS}.temporal": "DateTimeTrigger TimeDeltaTrigger"},
    f"{_STANDARD}.utils.python_virtualenv": {
        "slipstream.sdk._function_script": "write_python_script"
    },
    f"{_STANDARD}.utils.skipmixin": {
        "slipstream.sdk._skip": "SkipMixin XCOM_SKIPMIXIN_FOLLOWED XCOM_SKIPMIXIN_KEY "
        "XCOM_SKIPMIXIN_SKIPPED"
    },
    f"{_STANDARD}.utils.weekday": {"slipstream.sdk._weekday": "WeekDay"},
    f"{_STANDARD}.version_compat": {
        _VERSION: "AIRFLOW_V_3_0_PLUS AIRFLOW_V_3_1_PLUS AIRFLOW_V_3_1_3_PLUS AIRFLOW_V_3_2_PLUS "
        "AIRFLOW_V_3_3_PLUS get_base_airflow_version_tuple",
        _SDK: "BaseOperator",
        "slipstream.sdk._types": "ArgNotSet is_arg_set",
    },
}
