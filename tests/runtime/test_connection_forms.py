"""What providers say of their connection types."""

from __future__ import annotations

import pytest

from slipstream.runtime import connection_forms
from slipstream.runtime.connection_forms import described_types
from slipstream.sdk._provider_info import Provider


def test_forms_are_as_providers_describe_them(monkeypatch: pytest.MonkeyPatch) -> None:
    described = {
        "connection-type": "warehouse",
        "hook-name": "Warehouse",
        "hook-class-name": "nowhere.Hook",
        "ui-field-behaviour": {
            "hidden-fields": ["port", "extra"],
            "relabeling": {"schema": "Database"},
            "placeholders": {"host": "db.example.org"},
        },
        "conn-fields": {
            "extra__warehouse__role": {"label": "Role", "schema": {"type": ["string", "null"]}},
            "timeout": {"description": "In seconds", "schema": {"type": "integer", "default": 7}},
        },
    }
    package = Provider(package="a-package", version="1", info={"connection-types": [described]})
    monkeypatch.setattr(connection_forms, "provided_by", lambda _: iter([(package, described)]))
    types = {one["connection_type"]: one for one in described_types()}
    assert list(types) == ["email", "generic", "warehouse"]
    assert types["warehouse"] == {
        "connection_type": "warehouse",
        "hook_name": "Warehouse",
        "package_name": "a-package",
        "hidden_fields": ["port", "extra"],
        "relabeling": {"schema": "Database"},
        "placeholders": {"host": "db.example.org"},
        "fields": {
            "role": {
                "value": None,
                "description": None,
                "schema": {"type": ["string", "null"], "title": "Role"},
            },
            "timeout": {
                "value": 7,
                "description": "In seconds",
                "schema": {"type": "integer", "default": 7},
            },
        },
    }
