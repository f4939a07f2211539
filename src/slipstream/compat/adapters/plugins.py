"""The functions of `airflow.plugins_manager`: what plugins add, by kind.

Only processes that may run people's code can call them: the plugins are loaded then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from slipstream.sdk._plugins import parts
from slipstream.sdk._plugins.description import plugin_info
from slipstream.sdk._plugins.loading import plugins


def ensure_plugins_loaded() -> None:
    """Load the plugins, unless they are loaded."""
    plugins()


def get_plugin_info(attrs_to_dump: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """What people may see of each plugin."""
    return plugin_info(attrs_to_dump)


def get_import_errors() -> Mapping[str, str]:
    """`{file, package or plugin: what is wrong with it}`."""
    return dict(plugins().import_errors)


def get_flask_plugins() -> tuple[list[Any], list[Any], list[Any]]:
    """Blueprints with their plugin's names, views and menu links."""
    loaded = plugins().loaded
    return (
        [{"name": one.name, "blueprint": each} for one in loaded for each in one.flask_blueprints],
        [view for one in loaded for view in one.appbuilder_views],
        [item for one in loaded for item in one.appbuilder_menu_items],
    )


def get_fastapi_plugins() -> tuple[list[Any], list[Any]]:
    """Applications and root middlewares, as the plugins describe them."""
    loaded = plugins().loaded
    return (
        [app for one in loaded for app in one.fastapi_apps],
        [entry for one in loaded for entry in one.fastapi_root_middlewares],
    )


def get_global_operator_extra_links() -> list[Any]:
    """Links for every task."""
    return list(parts.global_links())


def get_operator_extra_links() -> list[Any]:
    """Links for the operators that each names."""
    return list(parts.operator_links())


def get_timetables_plugins() -> dict[str, Any]:
    """`{qualified name: class}`."""
    return dict(parts.timetables())


def get_partition_mapper_plugins() -> dict[str, Any]:
    """`{qualified name: class}`."""
    return dict(parts.partition_mappers())


def get_windows_plugins() -> dict[str, Any]:
    """`{qualified name: class}`."""
    return dict(parts.windows())


def get_deadline_references_plugins() -> dict[str, Any]:
    """`{qualified name: class}`."""
    return dict(parts.deadline_references())


def get_priority_weight_strategy_plugins() -> dict[str, Any]:
    """`{qualified name: class}`."""
    return dict(parts.priority_weight_strategies())


def get_hook_lineage_readers_plugins() -> list[Any]:
    """Classes that read what hooks have touched."""
    return list(parts.hook_lineage_readers())


def integrate_macros_plugins() -> None:
    """Make the plugins' macros importable; templates find them anyway."""
    parts.macros()


def integrate_listener_plugins(listener_manager: Any) -> None:
    """Add the plugins' listeners to a manager."""
    for listener in parts.listeners():
        listener_manager.add_listener(listener)
