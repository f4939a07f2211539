"""What all bodies and query parameters have in common: pydantic checks them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator


class Body(BaseModel):
    """Something that enters: a field that is not known is refused.

    Its validator is built when it is first used.
    """

    model_config = ConfigDict(defer_build=True, populate_by_name=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _is_text(cls, sent: object) -> object:
        """JSON can escape half of a character, which no database and no answer can hold."""
        waiting = [sent]
        while waiting:
            match waiting.pop():
                case str() as text if _has_half_a_character(text):
                    raise ValueError("a text holds half of a surrogate pair, which is no character")
                case dict() as inner:
                    waiting += [*inner, *inner.values()]
                case list() as items:
                    waiting += items
        return sent


def _has_half_a_character(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def check_interval(start: datetime | None, end: datetime | None) -> None:
    """Raise `ValueError` for the data interval of a run that is given by half, or turned round."""
    if (start is None) != (end is None):
        raise ValueError(
            "Either both data_interval_start and data_interval_end must be provided or neither"
        )
    if start is not None and end is not None and end < start:
        raise ValueError(
            f"data_interval_end ({end.isoformat()}) is before data_interval_start "
            f"({start.isoformat()})"
        )


class Query(BaseModel):
    """The query parameters of an operation.

    One that is not known is refused: a filter that is misspelt, or that there is not, must never
    look like one that matched everything.
    """

    model_config = ConfigDict(defer_build=True, populate_by_name=True, extra="forbid")


def to_utc(moment: datetime) -> datetime:
    """The moment in UTC; one without a zone is taken to be in UTC already.

    Raises `ValueError` for one that UTC's calendar has not: beyond its first or last day.
    """
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(
            f"{moment.isoformat()} is, in UTC, beyond the calendar's first or last day"
        ) from None


Moment = Annotated[datetime, AfterValidator(to_utc)]
"""A time from outside, made an aware one in UTC."""
