"""Objects of people's own classes, taken apart and put together: data classes and their like.

Encoding takes dataclasses, attrs classes, pydantic models, enum members and classes with a
`serialize` method. Decoding makes an instance only of a class of these kinds that lies in a module
which either is imported already or matches the allow list. Data alone never imports anything else.
"""

from __future__ import annotations

import dataclasses
import enum
import fnmatch
import importlib
import re
import sys
from collections.abc import Iterable
from typing import Any

from slipstream.model.errors import SlipstreamError

NAMES = frozenset({"dataclass", "attrs", "pydantic", "enum", "serialized"})

_DEFAULT_ALLOWED = ("airflow.*", "slipstream.*")
_globs: tuple[str, ...] = _DEFAULT_ALLOWED
_patterns: tuple[re.Pattern[str], ...] = ()


class ClassNotAllowedError(SlipstreamError, ImportError):
    """A value names a class that it must not be made an instance of."""


def allow(globs: Iterable[str], patterns: Iterable[str] = ()) -> None:
    """Set which classes may be imported to decode a value, by their full names.

    `globs` are shell patterns, `patterns` regular expressions; they replace the earlier ones.
    """
    global _globs, _patterns
    _globs = tuple(globs)
    _patterns = tuple(re.compile(pattern) for pattern in patterns)


def dismantle(value: Any) -> tuple[str, Any] | None:
    """Name and parts, or None if the value is none of these."""
    kind = type(value)
    if isinstance(value, enum.Enum):
        return "enum", _parts(kind, value.value)
    if callable(getattr(value, "serialize", None)) and hasattr(kind, "deserialize"):
        return "serialized", {
            **_parts(kind, value.serialize()),
            "version": getattr(kind, "__version__", 0),
        }
    if dataclasses.is_dataclass(value):
        return "dataclass", _parts(kind, _fields(value, dataclasses.fields(value)))
    if hasattr(kind, "__attrs_attrs__"):
        return "attrs", _parts(kind, _fields(value, kind.__attrs_attrs__))
    if _is_pydantic(kind):
        return "pydantic", _parts(kind, value.model_dump())
    return None


def rebuild(name: str, parts: Any) -> Any:
    """The value from its parts. Raises `ClassNotAllowedError`."""
    kind = _find_class(parts["class"])
    data = parts["data"]
    if name == "enum" and issubclass(kind, enum.Enum):
        return kind(data)
    if name == "serialized" and hasattr(kind, "deserialize"):
        return kind.deserialize(data, parts["version"])
    if name == "dataclass" and dataclasses.is_dataclass(kind):
        return _with_fields(kind, data, {one.name for one in dataclasses.fields(kind) if one.init})
    if name == "attrs" and hasattr(kind, "__attrs_attrs__"):
        return _with_fields(kind, data, {one.name for one in kind.__attrs_attrs__ if one.init})
    if name == "pydantic" and _is_pydantic(kind):
        return kind.model_validate(data)
    raise ClassNotAllowedError(f"{parts['class']} is no {name} class (any more)")


def _parts(kind: type, data: Any) -> dict[str, Any]:
    return {"class": f"{kind.__module__}:{kind.__qualname__}", "data": data}


def _fields(value: Any, fields: Iterable[Any]) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields}


def _with_fields(kind: Any, data: dict[str, Any], init: set[str]) -> Any:
    # attrs leaves the underscore of a private field out of the argument's name.
    strip = hasattr(kind, "__attrs_attrs__")
    found = kind(**{(key.lstrip("_") if strip else key): data[key] for key in data if key in init})
    for key in data.keys() - init:
        object.__setattr__(found, key, data[key])
    return found


def _is_pydantic(kind: type) -> bool:
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and issubclass(kind, pydantic.BaseModel)


def _find_class(path: str) -> Any:
    module_name, _, qualname = path.partition(":")
    module = sys.modules.get(module_name)
    if module is None:
        if not _is_allowed(path.replace(":", ".")):
            raise ClassNotAllowedError(
                f"the value is an instance of {path.replace(':', '.')}, whose module is not "
                "imported here and must not be imported to read a value. Import it in the DAG "
                "file, or name it in [core] allowed_deserialization_classes"
            )
        module = importlib.import_module(module_name)
    found: Any = module
    for part in qualname.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type):
        raise ClassNotAllowedError(f"there is no class {path.replace(':', '.')} (any more)")
    return found


def _is_allowed(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for glob in _globs) or any(
        pattern.match(name) for pattern in _patterns
    )
