"""Plugins and what they reach: their class, the names that providers look them up by."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_PLUGIN = "slipstream.sdk._plugins.plugin"
_MANAGER = "slipstream.compat.adapters.plugins"
_SPECS = "slipstream.sdk._listener_specs"
_LISTENERS = "slipstream.sdk._listeners"
_LINEAGE = {
    "slipstream.sdk._lineage": "AssetLineageInfo ExtraLineageInfo HookLineage "
    "HookLineageCollector HookLineageReader NoOpCollector "
    "get_hook_lineage_collector"
}

TABLE: Table = {
    "airflow.plugins_manager": {
        _PLUGIN: "AirflowPlugin AirflowPluginSource PluginsDirectorySource is_valid_plugin",
        _MANAGER: "ensure_plugins_loaded get_deadline_references_plugins get_fastapi_plugins "
        "get_flask_plugins get_global_operator_extra_links get_import_errors "
        "get_operator_extra_links get_partition_mapper_plugins get_plugin_info "
        "get_priority_weight_strategy_plugins get_timetables_plugins get_windows_plugins "
        "integrate_listener_plugins integrate_macros_plugins",
    },
    "airflow.sdk.plugins_manager": {
        _PLUGIN: "AirflowPlugin is_valid_plugin",
        _MANAGER: "get_hook_lineage_readers_plugins integrate_listener_plugins "
        "integrate_macros_plugins",
    },
    "airflow.lineage": {},
    "airflow.lineage.hook": _LINEAGE,
    "airflow.sdk.lineage": _LINEAGE,
    "airflow.listeners": {_SPECS: "hookimpl"},
    "airflow.listeners.listener": {_LISTENERS: "ListenerManager get_listener_manager"},
    "airflow.listeners.types": {_SPECS: "AssetEvent"},
    "airflow.listeners.spec": {},
    "airflow.listeners.spec.asset": {
        _SPECS: "hookspec on_asset_created on_asset_alias_created on_asset_changed "
        "on_asset_event_emitted"
    },
    "airflow.listeners.spec.dagrun": {
        _SPECS: "hookspec on_dag_run_running on_dag_run_success on_dag_run_failed"
    },
    "airflow.listeners.spec.importerrors": {
        _SPECS: "hookspec on_new_dag_import_error on_existing_dag_import_error"
    },
    "airflow.sdk.listener": {_LISTENERS: "ListenerManager get_listener_manager"},
    "airflow.sdk._shared.listeners": {_SPECS: "hookimpl"},
    "airflow.sdk._shared.listeners.listener": {_LISTENERS: "ListenerManager"},
    "airflow.sdk._shared.listeners.spec": {},
    "airflow.sdk._shared.listeners.spec.lifecycle": {
        _SPECS: "hookspec on_starting before_stopping"
    },
    "airflow.sdk._shared.listeners.spec.taskinstance": {
        _SPECS: "hookspec on_task_instance_running on_task_instance_success "
        "on_task_instance_failed on_task_instance_skipped"
    },
    "airflow.sdk.execution_time.macros": {
        "slipstream.sdk.macros": "datetime timedelta dateutil time uuid random json yaml ds_add "
        "ds_format ds_format_locale datetime_diff_for_humans"
    },
}
