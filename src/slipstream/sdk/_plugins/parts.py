"""What all plugins of a process add, by kind. Without any plugin each of these is empty."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

from slipstream.sdk._plugins.loading import plugins
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._links import BaseOperatorLink
    from slipstream.sdk._timetable import Timetable
    from slipstream.sdk._weights import PriorityWeightStrategy

MACRO_MODULES = ("airflow.macros", "airflow.sdk.execution_time.macros")
"""Below these, the macros of each plugin are a module."""


def qualified(value: UserValue) -> str:
    """`module.name` of a class, a function or an object's class; the name of a module."""
    if isinstance(value, ModuleType):
        return value.__name__
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


@cache
def macros() -> Mapping[str, UserValue]:
    """`{plugin: its macros}`, importable below `airflow.macros` as well."""
    found: dict[str, UserValue] = {}
    for plugin in plugins().loaded:
        if plugin.macros and plugin.name:
            functions = {function.__name__: function for function in plugin.macros}
            found[plugin.name] = SimpleNamespace(**functions)
            for above in MACRO_MODULES:
                module = ModuleType(f"{above}.{plugin.name.lower()}")
                vars(module).update(functions)
                sys.modules[module.__name__] = module
    return found


@cache
def timetables() -> Mapping[str, type[Timetable]]:
    """`{qualified name: class}` of the timetables."""
    return _by_name("timetables")


@cache
def partition_mappers() -> Mapping[str, type[UserValue]]:
    """`{qualified name: class}` of the partition mappers."""
    return _by_name("partition_mappers")


@cache
def windows() -> Mapping[str, type[UserValue]]:
    """`{qualified name: class}` of the windows."""
    return _by_name("windows")


@cache
def deadline_references() -> Mapping[str, type[UserValue]]:
    """`{qualified name: class}` of the deadline references."""
    return _by_name("deadline_references")


@cache
def priority_weight_strategies() -> Mapping[str, type[PriorityWeightStrategy]]:
    """`{qualified name: class}` of the weight rules."""
    return _by_name("priority_weight_strategies")


@cache
def listeners() -> Sequence[UserValue]:
    """Modules and objects that listen."""
    return _all("listeners")


@cache
def hook_lineage_readers() -> Sequence[type[UserValue]]:
    """Classes that read what hooks have touched."""
    return _all("hook_lineage_readers")


@cache
def global_links() -> Sequence[BaseOperatorLink]:
    """Links for every task."""
    return _all("global_operator_extra_links")


@cache
def operator_links() -> Sequence[BaseOperatorLink]:
    """Links for tasks of the operators that each names."""
    return _all("operator_extra_links")


def forget() -> None:
    """See `loading.read_plugins_anew`."""
    for part in _PARTS:
        part.cache_clear()


_PARTS = (
    macros,
    timetables,
    partition_mappers,
    windows,
    deadline_references,
    priority_weight_strategies,
    listeners,
    hook_lineage_readers,
    global_links,
    operator_links,
)


def _all(kind: str) -> Sequence[UserValue]:
    return tuple(entry for plugin in plugins().loaded for entry in getattr(plugin, kind))


def _by_name(kind: str) -> Mapping[str, UserValue]:
    return {qualified(entry): entry for entry in _all(kind)}
