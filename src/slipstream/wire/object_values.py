"""Objects of people's own classes, taken apart and put together: data classes and their like.

Encoding takes dataclasses, attrs classes, pydantic models, enum members and classes with a
`serialize` method. Decoding makes an instance only of a class of these kinds that `class_access`
lets it have. `__version__` of the class travels along: a value that a newer version of the class
has written is not read by an older one.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import sys
from collections.abc import Iterable
from typing import Any

from slipstream.wire.class_access import ClassNotAllowedError, find_class

NAMES = frozenset({"dataclass", "attrs", "pydantic", "enum", "serialized"})


def dismantle(value: Any) -> tuple[str, Any] | None:
    """Name and parts, or None if the value is none of these."""
    kind = type(value)
    if isinstance(value, enum.Enum):
        # As in Airflow, a member that is a text or a number too is passed on as just that.
        if isinstance(value, str | int | float):
            return None
        return "enum", _parts(kind, value.value)
    if callable(getattr(value, "serialize", None)) and hasattr(kind, "deserialize"):
        return "serialized", _parts(kind, value.serialize())
    if dataclasses.is_dataclass(kind):
        return "dataclass", _parts(kind, _fields(value, dataclasses.fields(kind)))
    if hasattr(kind, "__attrs_attrs__"):
        return "attrs", _parts(kind, _fields(value, kind.__attrs_attrs__))
    if _is_pydantic(kind):
        return "pydantic", _parts(kind, value.model_dump())
    return None


def rebuild(name: str, parts: Any) -> Any:
    """The value from its parts. Raises `ClassNotAllowedError`."""
    kind = find_class(parts["class"], only_look_up=name == "enum")
    data = parts["data"]
    if name == "enum" and issubclass(kind, enum.Enum):
        return kind(data)
    version = _known_version(kind, parts)
    if name == "serialized" and hasattr(kind, "deserialize"):
        return _deserialized(kind, data, version)
    if name == "dataclass" and dataclasses.is_dataclass(kind):
        return _with_fields(kind, data, {one.name for one in dataclasses.fields(kind) if one.init})
    if name == "attrs" and hasattr(kind, "__attrs_attrs__"):
        return _with_fields(kind, data, {one.name for one in kind.__attrs_attrs__ if one.init})
    if name == "pydantic" and _is_pydantic(kind):
        return kind.model_validate(data)
    raise ClassNotAllowedError(f"{parts['class']} is no {name} class (any more)")


def _known_version(kind: type, parts: Any) -> int:
    """The version that the value was written in, if the class here is not older."""
    written = int(parts.get("version", 0))
    known = int(getattr(kind, "__version__", 0))
    if written > known:
        raise ValueError(
            f"it was written by version {written} of {parts['class'].replace(':', '.')}, which is "
            f"version {known} here. Bring the class up to date"
        )
    return written


def _deserialized(kind: Any, data: Any, version: int) -> Any:
    """The class's own doing: `deserialize(data, version)`, or `deserialize(data)` as pydantic's
    and others' own methods of that name have it."""
    parameters = inspect.signature(kind.deserialize).parameters.values()
    takes_version = len(parameters) > 1 or any(
        each.kind is each.VAR_POSITIONAL for each in parameters
    )
    return kind.deserialize(data, version) if takes_version else kind.deserialize(data)


def _parts(kind: type, data: Any) -> dict[str, Any]:
    parts = {"class": f"{kind.__module__}:{kind.__qualname__}", "data": data}
    version = getattr(kind, "__version__", None)
    return {**parts, "version": version} if isinstance(version, int) and version else parts


def _fields(value: Any, fields: Iterable[Any]) -> dict[str, Any]:
    return {
        field.name: getattr(value, field.name) for field in fields if hasattr(value, field.name)
    }


def _with_fields(kind: Any, data: dict[str, Any], init: set[str]) -> Any:
    aliases = {
        field.name: field.alias or field.name.lstrip("_")
        for field in getattr(kind, "__attrs_attrs__", ())
    }
    found = kind(**{aliases.get(key, key): data[key] for key in data if key in init})
    for key in data.keys() - init:
        object.__setattr__(found, key, data[key])
    return found


def _is_pydantic(kind: type) -> bool:
    pydantic = sys.modules.get("pydantic")
    base = getattr(pydantic, "BaseModel", None)
    return base is not None and issubclass(kind, base)
