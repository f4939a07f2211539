"""What provider packages reach beyond authoring: the manager of providers, small functions."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_HELPERS = "slipstream.compat.adapters.helpers"
_IMPORTS = "slipstream.compat.adapters.imports"
_MANAGER = "slipstream.compat.providers.manager"
_PLATFORM = "slipstream.compat.adapters.platform"
_TIMEOUTS = "slipstream.compat.adapters.timeouts"
_VALUES = "slipstream.compat.providers.values"
_TYPES = "slipstream.sdk._types"
_LOG_FORMS = "slipstream.compat.adapters.log_forms"
_LOGGING = "slipstream.compat.adapters.logging_of_tasks"
_NODE = "slipstream.sdk._node"
_NOT_HERE = "slipstream.compat.adapters.not_here"
_ORM = "slipstream.compat.adapters.orm"
_OWN_TABLES = "slipstream.compat.adapters.own_tables"
_PARSING = "slipstream.sdk._parsing_context"
_RUNNERS = "slipstream.compat.adapters.runners"
_SERIALIZED = "slipstream.compat.adapters.scheduler_side"
_STATES = "slipstream.model.states"
_TABLES = "slipstream.compat.adapters.database_models"
_MASKER = {
    "slipstream.compat.adapters.secrets_masker": "Redactable Redacted SecretsMasker "
    "_secrets_masker should_hide_value_for_key mask_secret redact"
}
_LOADING = {
    _IMPORTS: "import_string is_valid_dotpath iter_namespace qualname entry_points_with_dist"
}
_YAML = (
    "safe_load dump safe_dump load load_all safe_load_all dump_all YAMLError Loader SafeLoader "
    "FullLoader BaseLoader Dumper SafeDumper CSafeLoader CSafeDumper add_representer "
    "add_constructor representer"
)

TABLE: Table = {
    "airflow.providers_manager": {
        _MANAGER: "ProvidersManager",
        _VALUES: "ConnectionFormWidgetInfo ConnectionTypeHookUIMetadata DialectInfo "
        "HookClassProvider HookInfo LazyDictWithCache NotificationInfo PluginInfo ProviderInfo "
        "RemoteLoggingInfo TriggerInfo",
    },
    "airflow.sdk.providers_manager_runtime": {
        _MANAGER: "ProvidersManagerTaskRuntime",
        _VALUES: "HookClassProvider HookInfo LazyDictWithCache PluginInfo ProviderInfo "
        "RemoteLoggingInfo",
    },
    "airflow.sdk.plugins_manager": {_MANAGER: "ProvidersManagerTaskRuntime"},
    "airflow.utils.providers_configuration_loader": {_MANAGER: "providers_configuration_loaded"},
    "airflow.sdk.module_loading": {
        _IMPORTS: "import_string is_valid_dotpath iter_namespace qualname"
    },
    "airflow.sdk._shared.module_loading": _LOADING,
    "airflow._shared.module_loading": _LOADING,
    "airflow.sdk.definitions._internal.types": {
        "slipstream.compat.adapters.argument_types": "ArgNotSet"
    },
    "airflow.utils.types": {"slipstream.compat.adapters.argument_types": "ArgNotSet"},
    "airflow.sdk.execution_time.timeout": {_TIMEOUTS: "timeout TimeoutPosix"},
    "airflow.utils.deprecation_tools": {_IMPORTS: "add_deprecated_classes DeprecatedImportWarning"},
    "airflow.utils.file": {_IMPORTS: "get_unique_dag_module_name"},
    "airflow.utils.hashlib_wrapper": {"slipstream.compat.adapters.hashing": "md5"},
    "airflow.utils.helpers": {
        _HELPERS: "as_flattened_list build_airflow_dagrun_url convert_camel_to_snake KEY_REGEX"
    },
    "airflow.utils.platform": {
        _PLATFORM: "IS_WINDOWS getuser get_airflow_git_version is_tty is_terminal_support_colors"
    },
    "airflow.utils.process_utils": {
        "slipstream.compat.adapters.processes": "patch_environ set_component_mp_start_method "
        "execute_in_subprocess execute_in_subprocess_with_kwargs execute_interactive "
        "set_new_process_group"
    },
    "airflow.utils.strings": {_HELPERS: "get_random_string"},
    "airflow.utils.yaml": {"yaml": _YAML},
    "airflow.callbacks.base_callback_sink": {_TABLES: "BaseCallbackSink"},
    "airflow.callbacks.callback_requests": {
        _TABLES: "CallbackRequest DagCallbackRequest EmailRequest TaskCallbackRequest"
    },
    "airflow.dag_processing.bundles.base": {
        "slipstream.compat.adapters.bundles": "BaseDagBundle BundleVersion "
        "get_bundle_base_folder get_bundle_storage_root_path get_bundle_version_path "
        "get_bundle_versions_base_folder BundleUsageTrackingManager",
    },
    "airflow.logging_config": {_LOGGING: "configure_logging"},
    "airflow.models.asset": {_TABLES: "AssetEvent AssetModel expand_alias_to_assets"},
    "airflow.models.base": {
        _ORM: "Base COLLATION_ARGS ID_LEN StringID _get_schema metadata naming_convention"
    },
    "airflow.models.callback": {_TABLES: "CallbackKey"},
    "airflow.models.dagbag": {_TABLES: "DBDagBag"},
    "airflow.models.dagrun": {_STATES: "DagRunType=RunType"},
    "airflow.models.serialized_dag": {_TABLES: "SerializedDagModel"},
    "airflow.models.taskinstance": {_TABLES: "clear_task_instances"},
    "airflow.models.taskmixin": {_NODE: "DAGNode"},
    "airflow.models.xcom": {_TABLES: "XComModel"},
    "airflow.sdk": {"slipstream.sdk._resumable": "ResumableJobMixin"},
    "airflow.sdk.api.datamodels._generated": {"slipstream.sdk._people": "HITLDetailResponse"},
    "airflow.sdk.bases.resumablejobmixin": {"slipstream.sdk._resumable": "ResumableJobMixin"},
    "airflow.sdk._shared.secrets_masker": _MASKER,
    "airflow.sdk.execution_time.secrets_masker": _MASKER,
    "airflow.sdk.definitions._internal.dag_parsing_context": {
        _PARSING: "_airflow_parsing_context_manager=parsing_for"
    },
    "airflow.sdk.definitions._internal.node": {_NODE: "DAGNode"},
    "airflow.sdk.execution_time.callback_runner": {
        _RUNNERS: "AsyncExecutionCallableRunner ExecutionCallableRunner "
        "create_async_executable_runner create_executable_runner"
    },
    "airflow.sdk.execution_time.context": {_RUNNERS: "context_get_outlet_events"},
    "airflow.sdk.execution_time.coordinator": {_NOT_HERE: "get_coordinator_manager"},
    "airflow.sdk.execution_time.supervisor": {_NOT_HERE: "supervise"},
    "airflow.sdk.log": {_LOGGING: "configure_logging logger_at_level relative_path_from_logger"},
    "airflow.sdk.state": {
        "slipstream.compat.adapters.state_backends": "AssetScope BaseStoreBackend TaskScope"
    },
    "airflow.serialization.definitions.dag": {_SERIALIZED: "SerializedDAG"},
    "airflow.serialization.definitions.baseoperator": {_SERIALIZED: "SerializedBaseOperator"},
    "airflow.serialization.definitions.mappedoperator": {_SERIALIZED: "SerializedMappedOperator"},
    "airflow.serialization.encoders": {_SERIALIZED: "coerce_to_core_timetable encode_timetable"},
    "airflow.serialization.serialized_objects": {
        _NOT_HERE: "LazyDeserializedDAG",
        _SERIALIZED: "SerializedBaseOperator SerializedDAG create_scheduler_operator",
    },
    "airflow.settings": {_NOT_HERE: "configure_orm", "json": "json="},
    "airflow.triggers.shared_stream": {
        "slipstream.compat.adapters.shared_stream": "AdvanceItem AdvanceOutcome "
        "SharedStreamProducer"
    },
    "airflow.utils.db": {
        _OWN_TABLES: "DBLocks _offline_migration create_global_lock print_happy_cat"
    },
    "airflow.utils.db_manager": {
        _OWN_TABLES: "BaseDBManager _callable_accepts_use_migration_files"
    },
    "airflow.utils.serve_logs": {_NOT_HERE: "serve_logs"},
    "airflow.utils.sqlalchemy": {_ORM: "UtcDateTime"},
    "airflow.configuration": {"slipstream.sdk._conf": "AirflowConfigParser=Conf"},
    "airflow.sdk.configuration": {"slipstream.sdk._conf": "AirflowSDKConfigParser=Conf"},
    "airflow.sdk.definitions.asset": {_HELPERS: "_get_normalized_scheme"},
    "airflow.sdk.execution_time.comms": {_TABLES: "XComResult"},
    "airflow.sdk.serde": {
        "slipstream.compat.adapters.serde": "SUPPORTS_OPERATOR_DESERIALIZATION_WALKER "
        "iter_pydantic_models"
    },
    "airflow.utils.log.json_formatter": {_LOG_FORMS: "JSONFormatter"},
    "airflow.utils.log.logging_mixin": {_LOG_FORMS: "ExternalLoggingMixin remove_escape_codes"},
}
