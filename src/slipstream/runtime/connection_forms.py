"""What the installed providers say of their connection types, printed as JSON.

`python -m slipstream.runtime.connection_forms` is a process of its own, for it runs the packages'
code: `[{"connection_type", "hook_name", "package_name", "hidden_fields", "relabeling",
"placeholders", "fields"}]`, `fields` being `{name: param}` of what belongs into the extra. Hooks
are not imported: only packages that describe their forms have them described.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from slipstream.model.json import JsonValue
from slipstream.sdk._provider_info import provided_by
from slipstream.sdk._types import UserValue

_WITHOUT_HOOK = {"generic": "Generic", "email": "Email"}


def described_types() -> list[dict[str, JsonValue]]:
    """All connection types, by name."""
    found: dict[str, dict[str, JsonValue]] = {
        name: _described({"connection-type": name, "hook-name": label}, None)
        for name, label in _WITHOUT_HOOK.items()
    }
    for provider, kind in provided_by("connection-types"):
        found[kind["connection-type"]] = _described(kind, provider.package)
    return [found[name] for name in sorted(found)]


def _described(kind: UserValue, package: str | None) -> dict[str, JsonValue]:
    behaviour = kind.get("ui-field-behaviour") or {}
    return {
        "connection_type": kind["connection-type"],
        "hook_name": kind.get("hook-name") or kind["connection-type"],
        "package_name": package,
        "hidden_fields": list(behaviour.get("hidden-fields") or ()),
        "relabeling": dict(behaviour.get("relabeling") or {}),
        "placeholders": {
            name: str(text) for name, text in (behaviour.get("placeholders") or {}).items()
        },
        "fields": _fields(kind.get("conn-fields") or {}),
    }


def _fields(described: Mapping[str, UserValue]) -> dict[str, JsonValue]:
    fields: dict[str, JsonValue] = {}
    for name, field in described.items():
        schema = dict(field.get("schema") or {})
        if "label" in field:
            schema["title"] = field["label"]
        plain = name.rpartition("__")[2] if name.startswith("extra__") else name
        fields[plain] = {
            "value": schema.get("default"),
            "description": field.get("description"),
            "schema": schema,
        }
    return fields


if __name__ == "__main__":
    json.dump(described_types(), sys.stdout, default=str)
