"""What all payloads have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict

from slipstream.model.json import JsonValue


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """Something that leaves: made by us, so written out without being checked again."""


class Body(BaseModel):
    """Something that enters: a field that is not known is refused.

    Its validator is built when it is first used.
    """

    model_config = ConfigDict(defer_build=True, populate_by_name=True, extra="forbid")


class Query(BaseModel):
    """The query parameters of an operation.

    One that is not known is refused: a filter that is misspelt, or that there is not, must never
    look like one that matched everything.
    """

    model_config = ConfigDict(defer_build=True, populate_by_name=True, extra="forbid")


def to_utc(moment: datetime) -> datetime:
    """The moment in UTC; one without a zone is taken to be in UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time on its way out; all of ours are aware."""

Moment = Annotated[datetime, AfterValidator(to_utc)]
"""A time from outside, made an aware one in UTC."""


Uuid = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uuid"})]
"""A UUID as text."""


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
