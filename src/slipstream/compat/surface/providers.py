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
}
