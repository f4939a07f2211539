"""Params as clients are shown them."""

from __future__ import annotations

from collections.abc import Mapping

from slipstream.model.json import JsonValue


def shown_params(params: JsonValue) -> dict[str, JsonValue]:
    """`{name: {value, description, schema, source}}`; the value is null where there is none."""
    if not isinstance(params, Mapping):
        return {}
    return {
        name: {"value": None, "description": None, "schema": {}, "source": None, **param}
        if isinstance(param, Mapping)
        else param
        for name, param in params.items()
    }
