"""What all payloads that leave have in common. (What enters is checked: see `bodies`.)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from slipstream.model.json import JsonValue


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """Something that leaves: made by us, so written out without being checked again."""


Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time on its way out; all of ours are aware."""

Uuid = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uuid"})]
"""A UUID as text."""

Duration = Annotated[str, msgspec.Meta(extra_json_schema={"format": "duration"})]
"""A length of time as ISO 8601 writes it: `PT1H30M`."""


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """How long it took, in seconds; None while it has not ended."""
    if start is None or end is None:
        return None
    return (end - start).total_seconds()


def text(value: JsonValue) -> str | None:
    """The value if it is a text."""
    return value if isinstance(value, str) else None


def texts(value: JsonValue) -> list[str] | None:
    """The value if it is a list, its entries as texts."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return None
    return [str(entry) for entry in value]


def mapping(value: JsonValue) -> Mapping[str, JsonValue] | None:
    """The value if it is an object."""
    return value if isinstance(value, Mapping) else None
