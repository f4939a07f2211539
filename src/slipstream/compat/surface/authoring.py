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
    "Asset AssetAccessControl AssetAlias AssetAll AssetAny AssetOrTimeSchedule AssetWatcher "
    "AsyncCallback BaseAsyncOperator BaseBranchOperator BaseDeadlineReference BaseHook "
    "BaseNotifier BaseOperator BaseOperatorLink BaseSensorOperator BaseXCom BranchMixIn "
    "Connection Context CronDataIntervalTimetable CronPartitionTimetable CronTriggerTimetable DAG "
    "DeadlineAlert DeadlineReference DeltaDataIntervalTimetable DeltaTriggerTimetable "
    "EdgeModifier EventsTimetable ExceptionRetryPolicy Label Metadata "
    "MultipleCronTriggerTimetable Param ParamsDict PartitionedAssetTimetable PartitionedAtRuntime "
    "PokeReturnValue ResumableJobMixin RetryAction RetryDecision RetryPolicy RetryRule SkipMixin "
    "SyncCallback TaskGroup TaskInstance TriggerRule Variable WeightRule XComArg asset chain "
    "chain_linear conf "
    "cross_downstream dag deadline_reference get_current_context get_parsing_context literal "
    "macros result setup task task_group teardown timezone"
)
_ALL_EXCEPTIONS = (
    "AirflowBadRequest AirflowClusterPolicyError AirflowClusterPolicySkipDag "
    "AirflowClusterPolicyViolation AirflowConfigException AirflowDagCycleException "
    "AirflowDagDuplicatedIdException "
    "AirflowDagInconsistent AirflowException AirflowFailException AirflowFileParseException "
    "AirflowInactiveAssetInInletOrOutletException AirflowInternalRuntimeError "
    "AirflowNotFoundException AirflowOptionalProviderFeatureException AirflowRescheduleException "
    "AirflowSensorTimeout AirflowSkipException AirflowTaskTerminated AirflowTaskTimeout "
    "AirflowTimetableInvalid DagNotFound DagRunAlreadyExists DagRunNotFound "
    "DagRunTriggerException DeserializingResultError DownstreamTasksSkipped DuplicateTaskIdFound "
    "ErrorType FailFastDagInvalidTriggerRule NodeNotFound ParamValidationError PoolNotFound "
    "SerializationError TaskAlreadyInTaskGroup TaskAlreadyRunningError TaskAwaitingInput "
    "TaskDeferralError TaskDeferralTimeout TaskDeferred TaskInstanceNotFound TaskNotFound "
    "UnmappableXComLengthPushed UnmappableXComTypePushed XComForMappingNotPushed XComNotFound"
)
_OF_SERVERS = (
    "AirflowBadRequest AirflowClusterPolicyError AirflowClusterPolicySkipDag "
    "AirflowClusterPolicyViolation AirflowDagDuplicatedIdException AirflowDagInconsistent "
    "AirflowFileParseException AirflowInternalRuntimeError DagNotFound DagRunAlreadyExists "
    "DagRunNotFound DeserializingResultError PoolNotFound SerializationError "
    "TaskInstanceNotFound UnmappableXComLengthPushed"
)
"""Exceptions that `airflow.sdk.exceptions` does not have, where providers ask for them."""
_OF_TASKS = (
    "AirflowDagInconsistent ErrorType TaskAlreadyRunningError TaskAwaitingInput "
    "UnmappableXComLengthPushed UnmappableXComTypePushed XComForMappingNotPushed"
)
"""Exceptions that only `airflow.sdk.exceptions` has, or that Airflow 2 had."""
_SDK_EXCEPTIONS = " ".join(sorted({*_ALL_EXCEPTIONS.split()} - {*_OF_SERVERS.split()}))
_DECORATOR = {
    "slipstream.sdk._decorated_operator": "DecoratedOperator get_unique_task_id",
    "slipstream.sdk._task_decorator": "DecoratedMappedOperator TaskDecorator "
    "task_decorator_factory",
}
_POLICIES = (
    "task_policy dag_policy task_instance_mutation_hook pod_mutation_hook "
    "get_airflow_context_vars get_dagbag_import_timeout"
)
_CONTEXT_VARIABLES = {
    "slipstream.sdk._context_variables": "AIRFLOW_VAR_NAME_FORMAT_MAPPING DEFAULT_FORMAT_PREFIX "
    "ENV_VAR_FORMAT_PREFIX context_to_airflow_vars"
}
_MAPPED = {"slipstream.sdk._mapped_operator": "MappedOperator OperatorPartial"}
_ASSETS = (
    "Asset AssetAccessControl AssetAlias AssetAll AssetAny AssetRef AssetWatcher BaseAsset "
    "Dataset Model"
)

TABLE: Table = {
    "airflow": {
        _VERSION: "__version__",
        _SDK: "DAG Asset XComArg",
        _EXCEPTIONS: "AirflowException",
    },
    "airflow.version": {_VERSION: "version"},
    "airflow.configuration": {_SDK: "conf", "slipstream.compat.adapters.paths": "AIRFLOW_HOME"},
    "airflow.settings": {
        _TIMEZONE: "TIMEZONE=utc",
        "slipstream.compat.adapters.paths": "AIRFLOW_HOME DAEMON_UMASK DAGS_FOLDER HEADER",
        "slipstream.compat.adapters.not_here": "Session=create_session",
        "slipstream.compat.adapters.policies": _POLICIES,
    },
    "airflow.policies": {
        "slipstream.compat.adapters.policies": "hookimpl local_settings_hookspec " + _POLICIES
    },
    "airflow.dag_processing.dagbag": {"slipstream.testing.dag_bag": "DagBag FileLoadStat"},
    "airflow.decorators": {_SDK: "dag task task_group setup teardown"},
    "airflow.exceptions": {
        _EXCEPTIONS: " ".join(sorted({*_ALL_EXCEPTIONS.split()} - {*_OF_TASKS.split()}))
        + " AirflowProviderDeprecationWarning RemovedInAirflow4Warning"
    },
    "airflow.macros": {
        "slipstream.sdk.macros": "datetime timedelta dateutil time uuid random json yaml ds_add "
        "ds_format ds_format_locale datetime_diff_for_humans"
    },
    "airflow.sdk": {
        _SDK: _PUBLIC,
        _STATE: "DagRunState TaskInstanceState",
        _VERSION: "__version__=sdk_version",
    },
    "airflow.decorators.base": _DECORATOR,
    "airflow.sdk.bases.decorator": {
        **_DECORATOR,
        "slipstream.sdk._callables": "KeywordParameters determine_kwargs is_async_callable",
        "slipstream.sdk._task_decorator": "DecoratedMappedOperator TaskDecorator _TaskDecorator="
        "TaskFunction task_decorator_factory",
    },
    "airflow.sdk.bases.hook": {_SDK: "BaseHook"},
    "airflow.sdk.bases.notifier": {_SDK: "BaseNotifier"},
    "airflow.sdk.bases.operator": {
        _SDK: "BaseAsyncOperator BaseOperator chain chain_linear cross_downstream",
        "slipstream.sdk._operator_meta": "BaseOperatorMeta",
    },
    "airflow.sdk.bases.operatorlink": {_SDK: "BaseOperatorLink"},
    "airflow.sdk.bases.sensor": {
        _SDK: "BaseSensorOperator PokeReturnValue",
        "slipstream.sdk.sensors.base": "poke_mode_only",
    },
    "airflow.sdk.bases.xcom": {_SDK: "BaseXCom"},
    "airflow.sdk.bases.branch": {_SDK: "BaseBranchOperator BranchMixIn"},
    "airflow.sdk.bases.skipmixin": {_SDK: "SkipMixin"},
    "airflow.sdk.configuration": {_SDK: "conf"},
    "airflow.sdk.definitions.asset": {"slipstream.sdk._assets": _ASSETS},
    "airflow.sdk.definitions.asset.decorators": {_SDK: "asset"},
    "airflow.sdk.definitions.asset.metadata": {_SDK: "Metadata"},
    "airflow.sdk.definitions.callback": {_SDK: "AsyncCallback SyncCallback"},
    "airflow.sdk.definitions.connection": {_SDK: "Connection"},
    "airflow.sdk.definitions.context": {
        _SDK: "Context get_current_context get_parsing_context",
        "slipstream.sdk._context": "context_merge",
    },
    "airflow.sdk.definitions.dag": {_SDK: "DAG dag"},
    "airflow.sdk.definitions.deadline": {
        _SDK: "BaseDeadlineReference DeadlineAlert DeadlineReference deadline_reference",
        "slipstream.sdk._deadlines": "AverageRuntimeDeadline DagRunLogicalDateDeadline "
        "DagRunQueuedAtDeadline FixedDatetimeDeadline VariableInterval",
    },
    "airflow.sdk.definitions.edges": {_SDK: "EdgeModifier Label"},
    "airflow.sdk.definitions.mappedoperator": _MAPPED,
    "airflow.sdk.definitions.param": {_SDK: "Param ParamsDict"},
    "airflow.sdk.definitions.retry_policy": {
        _SDK: "ExceptionRetryPolicy RetryAction RetryDecision RetryPolicy RetryRule"
    },
    "airflow.sdk.definitions.taskgroup": {
        "slipstream.sdk._group": "MappedTaskGroup TaskGroup",
    },
    "airflow.sdk.definitions.template": {_SDK: "literal"},
    "airflow.sdk.definitions.variable": {_SDK: "Variable"},
    "airflow.sdk.definitions.xcom_arg": {_SDK: "XComArg"},
    "airflow.sdk.definitions._internal.types": {
        _TYPES: "NOTSET ArgNotSet SET_DURING_EXECUTION is_arg_set"
    },
    "airflow.sdk.exceptions": {_EXCEPTIONS: _SDK_EXCEPTIONS + " AirflowRuntimeError"},
    "airflow.sdk.execution_time.context": _CONTEXT_VARIABLES,
    "airflow.sdk.execution_time.task_runner": {
        "slipstream.sdk._task_instance": "RuntimeTaskInstance"
    },
    "airflow.sdk.log": {_MASKING: "mask_secret redact"},
    "airflow.sdk.execution_time.hitl": {
        "slipstream.sdk._people": "HITLUser get_hitl_detail_content_detail "
        "update_hitl_detail_response upsert_hitl_detail"
    },
    "airflow.sdk.execution_time.secrets_masker": {_MASKING: "mask_secret redact"},
    "airflow.sdk.timezone": {
        _TIMEZONE: "utc utcnow datetime parse make_naive convert_to_utc coerce_datetime "
        "from_timestamp initialize"
    },
    "airflow.sdk.types": {
        "slipstream.sdk._task_instance": "RuntimeTaskInstanceProtocol=TaskInstance TaskInstanceKey",
    },
    "airflow.security": {},
    "airflow.security.permissions": {
        "slipstream.compat.adapters.permissions": "ACTION_CAN_CREATE ACTION_CAN_READ "
        "ACTION_CAN_EDIT ACTION_CAN_DELETE ACTION_CAN_ACCESS_MENU RESOURCE_DAG RESOURCE_DAG_PREFIX "
        "RESOURCE_DAG_RUN RESOURCE_DAG_CODE RESOURCE_TASK_INSTANCE "
        "RESOURCE_TASK_LOG RESOURCE_VARIABLE RESOURCE_CONNECTION RESOURCE_POOL RESOURCE_XCOM "
        "RESOURCE_WEBSITE"
    },
    "airflow.secrets": {"slipstream.sdk._secrets": "BaseSecretsBackend"},
    "airflow.secrets.base_secrets": {"slipstream.sdk._secrets": "BaseSecretsBackend"},
    "airflow.task.priority_strategy": {_SDK: "PriorityWeightStrategy"},
    "airflow.timetables._cron": {"slipstream.sdk._cron_mixin": "CronMixin"},
    "airflow.timetables.base": {
        "slipstream.sdk._timetable": "DagRunInfo DataInterval TimeRestriction Timetable"
    },
    "airflow.timetables.simple": {
        "slipstream.sdk._timetables": "ContinuousTimetable NullTimetable OnceTimetable",
        "slipstream.sdk._asset_timetables": "AssetTriggeredTimetable PartitionedAssetTimetable "
        "PartitionedAtRuntime",
    },
    "airflow.timetables.trigger": {
        _SDK: "CronPartitionTimetable CronTriggerTimetable DeltaTriggerTimetable "
        "MultipleCronTriggerTimetable"
    },
    "airflow.timetables.interval": {_SDK: "CronDataIntervalTimetable DeltaDataIntervalTimetable"},
    "airflow.timetables.events": {_SDK: "EventsTimetable"},
    "airflow.timetables.assets": {_SDK: "AssetOrTimeSchedule"},
    "airflow.triggers.base": {
        "slipstream.sdk._triggers": "BaseEventTrigger BaseTaskEndEvent BaseTrigger "
        "StartTriggerArgs TaskFailedEvent TaskSkippedEvent TaskSuccessEvent TriggerEvent"
    },
    "airflow.utils.context": {
        _SDK: "Context",
        "slipstream.sdk._context": "context_merge",
    },
    "airflow.utils.dag_cycle_tester": {"slipstream.sdk._topology": "check_cycle"},
    "airflow.utils.email": {
        "slipstream.sdk._email": "build_mime_message get_email_address_list send_email "
        "send_email_smtp send_mime_email",
    },
    "airflow.utils.file": {
        "slipstream.runtime.file_choice": "might_contain_dag list_py_file_paths "
        "might_contain_dag_via_default_heuristic correct_maybe_zipped open_maybe_zipped"
    },
    "airflow.utils.helpers": {
        _HELPERS: "exactly_one at_most_one prune_dict merge_dicts is_container chunks partition "
        "validate_key parse_template_string"
    },
    "airflow.utils.log.logging_mixin": {"slipstream.sdk._logging": "LoggingMixin"},
    "airflow.utils.net": {_HELPERS: "get_hostname getfqdn"},
    "airflow.utils.operator_helpers": {
        "slipstream.sdk._callables": "KeywordParameters determine_kwargs make_kwargs_callable"
    },
    "airflow.utils.session": {
        "slipstream.compat.adapters.not_here": "provide_session create_session NEW_SESSION"
    },
    "airflow.utils.state": {
        _STATE: "State DagRunState TaskInstanceState JobState TerminalTIState IntermediateTIState"
    },
    "airflow.utils.strings": {_HELPERS: "to_boolean"},
    "airflow.utils.timezone": {
        _TIMEZONE: "utc utcnow datetime parse make_naive convert_to_utc coerce_datetime "
        "from_timestamp"
    },
    "airflow.utils.trigger_rule": {_SDK: "TriggerRule"},
    "airflow.utils.weight_rule": {_SDK: "WeightRule"},
    "airflow.utils.types": {
        _STATES: "DagRunType=RunType DagRunTriggeredByType=TriggeredBy",
        _TYPES: "NOTSET ArgNotSet",
    },
}
