"""What connection types look like in a form: names, hidden fields, extra fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slipstream.compat.providers.looking import importable
from slipstream.compat.providers.values import (
    ConnectionFormWidgetInfo,
    ConnectionTypeHookUIMetadata,
    HookInfo,
)
from slipstream.sdk._provider_info import provided_by

_CORE_TYPES = {"generic": "Generic", "email": "Email"}
"""Connection types that need no hook."""
_OWN_FIELDS = frozenset({"host", "schema", "login", "password", "port", "extra"})
"""Those of every connection; others are in its extra."""


def core_hooks() -> dict[str, HookInfo]:
    """The types that every deployment has."""
    return {
        kind: HookInfo(None, None, None, name, None, False) for kind, name in _CORE_TYPES.items()
    }


def hook_info(connection_type: str, path: str, package: str) -> HookInfo | None:
    """What the hook class says about itself; None where it cannot be imported."""
    hook = importable(path, package)
    if hook is None:
        return None
    return HookInfo(
        hook_class_name=path,
        connection_id_attribute_name=getattr(hook, "conn_name_attr", None),
        package_name=package,
        hook_name=getattr(hook, "hook_name", None) or connection_type,
        connection_type=getattr(hook, "conn_type", None) or connection_type,
        connection_testable=hasattr(hook, "test_connection"),
        dialects=[],
    )


def form_fields() -> dict[str, ConnectionFormWidgetInfo]:
    """`{extra__TYPE__FIELD: field}` of all connection types."""
    found: dict[str, ConnectionFormWidgetInfo] = {}
    for provider, kind in provided_by("connection-types"):
        described = kind.get("conn-fields")
        fields = _described(described) if described else _of_hook(kind, provider.package)
        for name, field, is_sensitive in fields:
            plain = name.rpartition("__")[2] if name.startswith("extra__") else name
            found.setdefault(
                f"extra__{kind['connection-type']}__{plain}",
                ConnectionFormWidgetInfo(
                    kind["hook-class-name"], provider.package, field, plain, is_sensitive
                ),
            )
    return found


def _described(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    for name, described in fields.items():
        schema = dict(described.get("schema") or {})
        if "label" in described:
            schema["title"] = described["label"]
        field = {
            "value": schema.get("default"),
            "schema": schema,
            "description": described.get("description"),
            "source": None,
        }
        yield name, field, schema.get("format") == "password"


def _of_hook(kind: Mapping[str, Any], package: str) -> Iterator[tuple[str, Any, bool]]:
    """Fields that only the hook's code knows, as in packages for Airflow 2."""
    if "ui-field-behaviour" in kind:
        return  # It describes itself, and has no fields.
    for name, field in (_said(kind, package, "get_connection_form_widgets") or {}).items():
        widget = str(getattr(field, "kwargs", {}).get("widget", ""))
        yield name, field, "Password" in widget


def field_behaviours() -> dict[str, dict[str, Any]]:
    """`{connection type: {"hidden_fields", "relabeling", "placeholders"}}`."""
    found: dict[str, dict[str, Any]] = {}
    for provider, kind in provided_by("connection-types"):
        behaviour = _behaviour(kind, provider.package)
        if behaviour:
            found.setdefault(kind["connection-type"], behaviour)
    return found


def _behaviour(kind: Mapping[str, Any], package: str) -> dict[str, Any] | None:
    """How a form differs from the usual one; placeholders have the keys of their fields."""
    behaviour = _own_behaviour(kind, package)
    if behaviour and behaviour.get("placeholders"):
        prefix = f"extra__{kind['connection-type']}__"
        behaviour["placeholders"] = {
            name if name in _OWN_FIELDS or name.startswith("extra__") else prefix + name: text
            for name, text in behaviour["placeholders"].items()
        }
    return behaviour


def _own_behaviour(kind: Mapping[str, Any], package: str) -> dict[str, Any] | None:
    described = kind.get("ui-field-behaviour")
    if described is not None:
        return {
            "hidden_fields": list(described.get("hidden-fields", ())),
            "relabeling": dict(described.get("relabeling", {})),
            "placeholders": dict(described.get("placeholders", {})),
        }
    if "conn-fields" in kind:
        return None
    return _said(kind, package, "get_ui_field_behaviour") or None


def _said(kind: Mapping[str, Any], package: str, method: str) -> Any:
    """What a hook's method tells, where the package itself says nothing."""
    hook = importable(kind["hook-class-name"], package)
    if hook is None or method not in {name for one in hook.__mro__ for name in vars(one)}:
        return None
    try:
        return getattr(hook, method)()
    except ImportError:
        return None  # It needs the form library of Airflow 2, which is not installed.


def ui_metadata() -> Iterator[ConnectionTypeHookUIMetadata]:
    """What a form needs of each connection type, by type; no hook is imported for it."""
    kinds = {
        kind["connection-type"]: (kind, provider.package)
        for provider, kind in provided_by("connection-types")
    }
    for name in sorted({*kinds, *_CORE_TYPES}):
        if name in kinds:
            kind, _package = kinds[name]
            yield ConnectionTypeHookUIMetadata(
                name,
                kind.get("hook-name") or name,
                kind["hook-class-name"],
                _behaviour(kind, _package) if "ui-field-behaviour" in kind else None,
            )
        else:
            yield ConnectionTypeHookUIMetadata(name, _CORE_TYPES[name], None, None)
