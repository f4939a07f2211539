"""What a client has read, held against what it was sent.

It runs where `drive.py` runs, and has nothing of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID


def differences(sent: Any, read: Any, place: str = "") -> Iterator[str]:
    """`place: sent, read` of everything that is lost or changed on the way."""
    if isinstance(sent, dict) and isinstance(read, dict):
        for name, value in sent.items():
            # Clients leave out what is null.
            if name not in read and value is not None:
                yield f"{place}.{name}: {value!r} was sent and is lost"
            elif name in read:
                yield from differences(value, read[name], f"{place}.{name}")
    elif isinstance(sent, list) and isinstance(read, list):
        if len(sent) != len(read):
            yield f"{place}: {len(sent)} were sent and {len(read)} read"
        for at, (one, other) in enumerate(zip(sent, read, strict=False)):
            yield from differences(one, other, f"{place}[{at}]")
    elif not _is_same(sent, read):
        yield f"{place}: {sent!r} was sent and {read!r} read"


def _is_same(sent: Any, read: Any) -> bool:
    if isinstance(read, Enum):
        read = read.value
    if isinstance(read, datetime) and isinstance(sent, str):
        return datetime.fromisoformat(sent) == read
    return bool(sent == (str(read) if isinstance(read, UUID) else read))


def plain(read: Any) -> Any:
    """The client's model as dictionaries and lists, with the names that are sent."""
    if hasattr(read, "actual_instance"):
        return plain(read.actual_instance)
    if isinstance(read, list):
        return [plain(one) for one in read]
    if isinstance(read, dict):
        return {name: plain(one) for name, one in read.items()}
    fields = getattr(type(read), "model_fields", None)
    if fields is None:
        return read
    known = {field.alias or name: plain(getattr(read, name)) for name, field in fields.items()}
    more = known.pop("additional_properties", None) or {}
    return {**known, **more}
