"""Values that tasks pass to each other, as JSON text: XComs and their return values.

JSON's own types stand for themselves. Everything else is an object of two keys, `__type__` and
`__value__`; a dictionary that itself has a key `__type__` is written that way too. Nothing that is
decoded is ever executed: there is no pickle, and a class is only made an instance of where
`object_values` lets it. As in Airflow, dictionary keys become texts.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Any, TypeAlias
from uuid import UUID

from slipstream.model.errors import SlipstreamError
from slipstream.wire import (
    array_values,
    authoring_values,
    moment_values,
    object_values,
    table_values,
)
from slipstream.wire.frames import MAX_FRAME_BYTES
from slipstream.wire.value_paths import place_of

TYPE = "__type__"
VALUE = "__value__"

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""What `json` writes as it is."""

MAX_VALUE_BYTES = MAX_FRAME_BYTES - (1 << 20)
"""A value has to fit into one message, with room for what goes along."""

_ATOMS = frozenset({str, int, bool, type(None)})
_LIBRARIES = (array_values, moment_values, table_values, authoring_values, object_values)
"""Modules that know more types: each takes a value apart and puts it together again."""
_UNMAPPABLE = _ATOMS | {float, bytes, bytearray}
_dumps = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class UnsupportedValueError(SlipstreamError, TypeError):
    """A value is of a type that cannot be passed from task to task."""


class _CannotHold(Exception):
    """Somewhere in the value is something that nobody can write."""

    def __init__(self, item: Any, reason: str) -> None:
        super().__init__(reason)
        self.item = item
        self.reason = reason


class UnreadableValueError(SlipstreamError, ValueError):
    """A text is no value that this release can read."""


def encode_value(value: Any) -> str:
    """The value as JSON text. Raises `UnsupportedValueError`."""
    if type(value) is int:
        return repr(value)
    return _dumps(plain_value(value))


def plain_value(value: Any) -> Plain:
    """The value as JSON's own types. Raises `UnsupportedValueError`."""
    try:
        return _plain(value)
    except RecursionError as error:
        raise UnsupportedValueError(
            f"the {type(value).__name__} refers to itself or is nested too deeply to be passed to "
            "another task. Return a flat value, or write it to a file and return the file's path"
        ) from error
    except _CannotHold as error:
        where = place_of(error.item, value)
        raise UnsupportedValueError(
            f"{f'at {where} is ' if where else ''}{error.reason}"
        ) from error.__cause__


def decode_value(text: str) -> Any:
    """The value that was encoded. Raises `UnreadableValueError`."""
    try:
        return json.loads(text, object_hook=_restore)
    except ValueError as error:
        if isinstance(error, UnreadableValueError):
            raise
        raise UnreadableValueError(f"this is no XCom value: {error}") from error


def restored_value(plain: Plain) -> Any:
    """The value that `plain_value` was given. Raises `UnreadableValueError`."""
    return decode_value(_dumps(plain))


def length_of(value: Any) -> int | None:
    """How many instances a task mapped over the value has; None where it cannot be mapped over."""
    if type(value) in _UNMAPPABLE:
        return None
    if isinstance(value, str | bytes | bytearray) or not isinstance(value, Sequence | Mapping):
        return None
    return len(value)


def _plain(value: Any) -> Plain:
    kind = type(value)
    if kind in _ATOMS:
        return value  # type: ignore[no-any-return]  # its type was just looked at
    if kind is float:
        return value if math.isfinite(value) else _tagged("float", repr(value))
    if kind is list:
        return [_plain(item) for item in value]
    if kind is dict:
        return _mapping(value)
    encode = _ENCODERS.get(kind)
    if encode is not None:
        return encode(value)
    return _plain_other(value)


def _plain_other(value: Any) -> Plain:
    """A value of none of the usual types themselves: of a subclass, or of a library's type."""
    for module in _LIBRARIES:
        try:
            found = module.dismantle(value)
        except Exception as error:
            reason = f"a {_name(value)} that cannot be taken apart: {type(error).__name__}: {error}"
            raise _CannotHold(value, reason) from error
        if found is not None:
            name, parts = found
            return _tagged(name, _plain(parts))
    for base, encode in _ENCODERS.items():
        if isinstance(value, base):
            return encode(value)
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return _plain(float(value))
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    raise _CannotHold(
        value,
        f"a value of type {_name(value)}, which cannot be passed to another task. Expected is "
        "something that JSON can hold (text, numbers, lists, dictionaries), a moment, a data "
        "frame, a dataclass or an object with serialize() and deserialize(); write anything else "
        "to a file or an object store and return its path",
    )


def _name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _mapping(value: Mapping[Any, Any]) -> Plain:
    plain = {str(key): _plain(item) for key, item in value.items()}
    if TYPE in plain:
        return _tagged("dict", [[key, item] for key, item in plain.items()])
    return plain


def _tagged(name: str, value: Plain) -> Plain:
    return {TYPE: name, VALUE: value}


def restored_object(found: dict[str, Any]) -> Any:
    """The value of one object of `json`, its parts restored already."""
    return _restore(found)


def _restore(found: dict[str, Any]) -> Any:
    name = found.get(TYPE)
    if name is None:
        return found
    value = found.get(VALUE)
    decode = _DECODERS.get(name)
    try:
        if decode is not None:
            return decode(value)
        for module in _LIBRARIES:
            if name in module.NAMES:
                return module.rebuild(name, value)
    except Exception as error:
        raise UnreadableValueError(f"a value of type {name!r} cannot be read: {error}") from error
    raise UnreadableValueError(
        f"a value has the type {name!r}, which this release does not know. It may have been "
        "written by a newer release, or by an XCom class that [core] xcom_backend no longer names"
    )


def _microseconds(value: timedelta) -> int:
    # Subclasses of other libraries divide in their own ways.
    return (value.days * 86400 + value.seconds) * 1_000_000 + value.microseconds


def _items(value: Any) -> Plain:
    return [_plain(item) for item in value]


_ENCODERS: Mapping[type, Callable[[Any], Plain]] = {
    tuple: lambda value: _tagged("tuple", _items(value)),
    set: lambda value: _tagged("set", _items(value)),
    frozenset: lambda value: _tagged("frozenset", _items(value)),
    bytes: lambda value: _tagged("bytes", base64.b64encode(value).decode()),
    bytearray: lambda value: _tagged("bytes", base64.b64encode(value).decode()),
    timedelta: lambda value: _tagged("timedelta", _microseconds(value)),
    date: lambda value: _tagged("date", value.isoformat()),
    time: lambda value: _tagged("time", value.isoformat()),
    Decimal: lambda value: _tagged("decimal", str(value)),
    UUID: lambda value: _tagged("uuid", str(value)),
    PurePath: lambda value: _tagged("path", str(value)),
    complex: lambda value: _tagged("complex", repr(value)),
}

_DECODERS: Mapping[str, Callable[[Any], Any]] = {
    "dict": dict,
    "float": float,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "bytes": base64.b64decode,
    "timedelta": lambda value: timedelta(microseconds=value),
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "decimal": Decimal,
    "uuid": UUID,
    "path": Path,
    "complex": complex,
}
