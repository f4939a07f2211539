"""What DAG files import to describe DAGs and tasks, in Airflow 3's places."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_SDK = "slipstream.sdk"
_EXCEPTIONS = "slipstream.sdk.exceptions"
_HELPERS = "slipstream.compat.adapters.helpers"
_MASKING = "slipstream.compat.adapters.masking"
_STATE = "slipstream.compat.adapters.state"
_STATES = "slipstream.model.states"
_TIMEZONE = "slipstream.sdk.timezone"
_TYPES = "slipstream.sdk._types"
_VERSION = "slipstream.compat.adapters.version"

_PUBLIC = (
    "Asset AssetAlias AssetAll AssetAny AssetOrTimeSchedule BaseBranchOperator BaseHook "
    "BaseOperator BaseSensorOperator BranchMixIn Connection Context CronDataIntervalTimetable "
    "CronTriggerTimetable DAG DeltaDataIntervalTimetable DeltaTriggerTimetable EdgeModifier "
    "EventsTimetable Label MultipleCronTriggerTimetable Param ParamsDict PokeReturnValue "
    "SkipMixin TaskGroup TaskInstance TriggerRule Variable WeightRule XComArg "
    "chain chain_linear conf cross_downstream dag get_current_context get_parsing_context literal "
    "macros setup task task_group teardown"
)
_ALL_EXCEPTIONS = (
    "AirflowBadRequest AirflowClusterPolicyViolation AirflowConfigException "
    "AirflowDagCycleException AirflowException AirflowFailException AirflowNotFoundException "
    "AirflowOptionalProviderFeatureException AirflowRescheduleException AirflowSensorTimeout "
    "AirflowSkipException AirflowTaskTerminated AirflowTaskTimeout AirflowTimetableInvalid "
    "DagRunAlreadyExists DagNotFound DuplicateTaskIdFound ParamValidationError "
    "SerializationError TaskDeferralError TaskDeferralTimeout TaskDeferred TaskNotFound "
    "XComNotFound"
)

TABLE: Table = {
    "airflow": {
        _VERSION: "__version__",
        _SDK: "DAG Asset XComArg conf",
        _EXCEPTIONS: "AirflowException",
    },
    "airflow.version": {_VERSION: "version"},
    "airflow.configuration": {_SDK: "conf", "slipstream.compat.adapters.paths": "AIRFLOW_HOME"},
    "airflow.settings": {
        _TIMEZONE: "TIMEZONE=utc",
        "slipstream.compat.adapters.paths": "AIRFLOW_HOME DAGS_FOLDER",
        "slipstream.compat.adapters.not_here": "Session=create_session",
    },
    "airflow.decorators": {_SDK: "dag task task_group setup teardown"},
    "airflow.exceptions": {
        _EXCEPTIONS: _ALL_EXCEPTIONS
        + " AirflowProviderDeprecationWarning RemovedInAirflow3Warning RemovedInAirflow4Warning"
    },
    "airflow.macros": {
        "slipstream.sdk.macros": "datetime timedelta dateutil time uuid random json yaml ds_add "
        "ds_format ds_format_locale datetime_diff_for_humans"
    },
    "airflow.sdk": {
        _SDK: _PUBLIC,
        "slipstream.sdk.macros": "macros=",
        _STATE: "DagRunState TaskInstanceState",
        _VERSION: "__version__=sdk_version",
    },
    "airflow.sdk.bases.hook": {_SDK: "BaseHook"},
    "airflow.sdk.bases.operator": {_SDK: "BaseOperator chain chain_linear cross_downstream"},
    "airflow.sdk.bases.sensor": {_SDK: "BaseSensorOperator PokeReturnValue"},
    "airflow.sdk.bases.branch": {_SDK: "BaseBranchOperator BranchMixIn"},
    "airflow.sdk.bases.skipmixin": {_SDK: "SkipMixin"},
    "airflow.sdk.configuration": {_SDK: "conf"},
    "airflow.sdk.definitions.asset": {_SDK: "Asset AssetAlias AssetAll AssetAny Dataset=Asset"},
    "airflow.sdk.definitions.connection": {_SDK: "Connection"},
    "airflow.sdk.definitions.context": {_SDK: "Context get_current_context get_parsing_context"},
    "airflow.sdk.definitions.dag": {_SDK: "DAG dag"},
    "airflow.sdk.definitions.edges": {_SDK: "EdgeModifier Label"},
    "airflow.sdk.definitions.param": {_SDK: "Param ParamsDict"},
    "airflow.sdk.definitions.taskgroup": {_SDK: "TaskGroup"},
    "airflow.sdk.definitions.template": {_SDK: "literal"},
    "airflow.sdk.definitions.variable": {_SDK: "Variable"},
    "airflow.sdk.definitions.xcom_arg": {_SDK: "XComArg"},
    "airflow.sdk.definitions._internal.types": {
        _TYPES: "NOTSET ArgNotSet SET_DURING_EXECUTION is_arg_set"
    },
    "airflow.sdk.exceptions": {_EXCEPTIONS: _ALL_EXCEPTIONS + " AirflowRuntimeError"},
    "airflow.sdk.log": {_MASKING: "mask_secret redact"},
    "airflow.sdk.execution_time.secrets_masker": {_MASKING: "mask_secret redact"},
    "airflow.sdk.timezone": {
        _TIMEZONE: "utc utcnow datetime parse make_aware make_naive is_localized is_naive "
        "convert_to_utc coerce_datetime td_format parse_timezone local_timezone from_timestamp "
        "initialize utc_epoch"
    },
    "airflow.timetables.trigger": {
        _SDK: "CronTriggerTimetable DeltaTriggerTimetable MultipleCronTriggerTimetable"
    },
    "airflow.timetables.interval": {_SDK: "CronDataIntervalTimetable DeltaDataIntervalTimetable"},
    "airflow.timetables.events": {_SDK: "EventsTimetable"},
    "airflow.timetables.assets": {_SDK: "AssetOrTimeSchedule"},
    "airflow.utils.context": {_SDK: "Context"},
    "airflow.utils.helpers": {
        _HELPERS: "exactly_one at_most_one prune_dict merge_dicts is_container as_tuple chunks "
        "reduce_in_chunks partition validate_key parse_template_string",
        _SDK: "chain cross_downstream",
    },
    "airflow.utils.log.logging_mixin": {"slipstream.sdk._logging": "LoggingMixin"},
    "airflow.utils.log.secrets_masker": {_MASKING: "mask_secret redact should_hide_value_for_key"},
    "airflow.utils.module_loading": {_HELPERS: "import_string qualname"},
    "airflow.utils.net": {_HELPERS: "get_hostname getfqdn"},
    "airflow.utils.session": {
        "slipstream.compat.adapters.not_here": "provide_session create_session NEW_SESSION"
    },
    "airflow.utils.state": {
        _STATE: "State DagRunState TaskInstanceState JobState TerminalTIState IntermediateTIState"
    },
    "airflow.utils.strings": {_HELPERS: "to_boolean"},
    "airflow.utils.timezone": {
        _TIMEZONE: "utc utcnow datetime parse make_aware make_naive is_localized is_naive "
        "convert_to_utc coerce_datetime td_format parse_timezone local_timezone from_timestamp "
        "utc_epoch"
    },
    "airflow.utils.trigger_rule": {_SDK: "TriggerRule"},
    "airflow.utils.weight_rule": {_SDK: "WeightRule"},
    "airflow.utils.types": {
        _STATES: "DagRunType=RunType DagRunTriggeredByType=TriggeredBy",
        _TYPES: "NOTSET ArgNotSet",
    },
}
