"""XCom values as people see them: plain JSON, without making an instance of anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from slipstream.model.json import JsonValue
from slipstream.wire import moment_values
from slipstream.wire.values import TYPE, VALUE

_AS_IT_STANDS = frozenset(
    {
        *("tuple", "set", "frozenset", "float", "date", "time", "decimal", "uuid", "path"),
        *("complex", "timezone", "pendulum.date", "pendulum.time", "pendulum.timezone"),
        *("asset", "asset_alias", "param", "params"),
    }
)
"""Types whose value in the encoded text says all there is to say."""
_OF_CLASSES = frozenset({"dataclass", "attrs", "pydantic", "enum"})


def shown_value(text: str) -> JsonValue:
    """The encoded value as plain JSON: sequences as lists, moments as ISO 8601, instances of
    classes by their fields. What has no such form is shown as it is encoded."""
    return _shown(json.loads(text))


def _shown(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if isinstance(value, dict):
        kind = value.get(TYPE)
        if kind is None:
            return {key: _shown(item) for key, item in value.items()}
        return _of_type(str(kind), value)
    return value


def _of_type(kind: str, tagged: Mapping[str, JsonValue]) -> JsonValue:
    value = tagged.get(VALUE)
    if kind in _AS_IT_STANDS:
        return _shown(value)
    match kind, value:
        case "dict", list():
            return {str(pair[0]): _shown(pair[1]) for pair in value if isinstance(pair, list)}
        case "timedelta", int():
            return str(timedelta(microseconds=value))
        case (("datetime" | "pendulum"), dict()):
            return _moment(value) or {TYPE: kind, VALUE: value}
        case _, {"data": data} if kind in _OF_CLASSES:
            return _shown(data)
        case _:
            return {TYPE: kind, VALUE: value}


def _moment(parts: Mapping[str, JsonValue]) -> str | None:
    """ISO 8601 with the offset; None where the parts name no moment that this machine knows."""
    try:
        return str(moment_values.rebuild("datetime", parts).isoformat())
    except (LookupError, ValueError, TypeError):
        return None
