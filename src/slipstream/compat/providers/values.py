"""The values that `ProvidersManager` gives out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass
class ProviderInfo:
    """A provider package: its version, and all that its `get_provider_info` says."""

    version: str
    data: dict[str, Any]

    def __post_init__(self) -> None:
        self.data = dict(self.data)


class HookClassProvider(NamedTuple):
    """A hook class and the package that brings it."""

    hook_class_name: str
    package_name: str


class HookInfo(NamedTuple):
    """The hook of a connection type. Types without a hook, such as `generic`, have only a name."""

    hook_class_name: str | None
    connection_id_attribute_name: str | None
    package_name: str | None
    hook_name: str
    connection_type: str | None
    connection_testable: bool
    dialects: list[str] = []  # noqa: RUF012 - a named tuple's default is never changed


class ConnectionFormWidgetInfo(NamedTuple):
    """An extra field of a connection's form."""

    hook_class_name: str
    package_name: str
    field: Any
    """As a param: `{"value", "schema", "description", "source"}`, or a widget of the hook's own."""
    field_name: str
    is_sensitive: bool


class ConnectionTypeHookUIMetadata(NamedTuple):
    """What a form has to know of a connection type."""

    connection_type: str
    hook_name: str
    hook_class_name: str | None
    field_behaviour: dict[str, Any] | None


class TriggerInfo(NamedTuple):
    """A module of triggers."""

    trigger_class_name: str
    package_name: str
    integration_name: str


class NotificationInfo(NamedTuple):
    """A notifier."""

    notification_class_name: str
    package_name: str


class PluginInfo(NamedTuple):
    """A plugin that a provider brings."""

    name: str
    plugin_class: str
    provider_name: str


class DialectInfo(NamedTuple):
    """The dialect of an SQL database."""

    name: str
    dialect_class_name: str
    provider_name: str


class RemoteLoggingInfo(NamedTuple):
    """What keeps logs elsewhere, and the scheme of its addresses."""

    classpath: str
    scheme: str | None
    package_name: str


class LazyDictWithCache(MutableMapping[str, Any]):
    """A mapping whose values may be functions: one is called when its key is first asked for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._raw: dict[str, Any] = dict(*args, **kwargs)
        self._resolved: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        value = self._raw[key]
        if key not in self._resolved:
            if isinstance(value, Callable):  # type: ignore[arg-type]  # of collections.abc
                value = self._raw[key] = value()
            self._resolved.add(key)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        self._raw[key] = value
        self._resolved.discard(key)

    def __delitem__(self, key: str) -> None:
        del self._raw[key]
        self._resolved.discard(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def __contains__(self, key: object) -> bool:
        return key in self._raw
