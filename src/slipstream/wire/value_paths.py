"""Where in a value something lies, as one would write it: `['rows'][3].when`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def place_of(item: Any, value: Any) -> str:
    """The way from a value to an item in it; empty where it is the value itself or not found."""
    return next((path for path, found in _walk(value, "", set()) if found is item), "")


def _walk(value: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, str | bytes | int | float) or value is None or id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _walk(part, f"{path}[{key!r}]", seen)
    elif isinstance(value, list | tuple):
        for place, part in enumerate(value):
            yield from _walk(part, f"{path}[{place}]", seen)
    elif isinstance(value, set | frozenset):
        for part in value:
            yield from _walk(part, f"{path}{{…}}", seen)
    else:
        for name, part in getattr(value, "__dict__", {}).items():
            yield from _walk(part, f"{path}.{name}", seen)
