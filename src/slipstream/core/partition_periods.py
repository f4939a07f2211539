"""Periods of the calendar, and the texts that partitions are named by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from slipstream.model.errors import InvalidInputError


class Period(StrEnum):
    """What a moment is cut down to."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


FORMATS: Final[Mapping[Period, str]] = {
    Period.HOUR: "%Y-%m-%dT%H",
    Period.DAY: "%Y-%m-%d",
    Period.WEEK: "%Y-%m-%d (W%V)",
    Period.MONTH: "%Y-%m",
    Period.QUARTER: "%Y-Q{quarter}",
    Period.YEAR: "%Y",
}
"""How the beginning of a period is written where nothing else is said; Airflow's."""

MEMBERS: Final[Mapping[Period, timedelta | int]] = {
    Period.HOUR: timedelta(minutes=1),
    Period.DAY: timedelta(hours=1),
    Period.WEEK: timedelta(days=1),
    Period.MONTH: timedelta(days=1),
    Period.QUARTER: 1,
    Period.YEAR: 1,
}
"""What a window of that length is made of: a length of time, or a number of months."""

_COUNTS: Final = {
    Period.HOUR: 60,
    Period.DAY: 24,
    Period.WEEK: 7,
    Period.QUARTER: 3,
    Period.YEAR: 12,
}
_FIRST_OF_MONTH: Final = (Period.MONTH, Period.QUARTER, Period.YEAR)


def start_of(period: Period, moment: datetime) -> datetime:
    """The beginning of the period that the moment is in, by the moment's own wall clock."""
    if period is Period.HOUR:
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    match period:
        case Period.WEEK:
            return day - timedelta(days=day.weekday())
        case Period.MONTH:
            return day.replace(day=1)
        case Period.QUARTER:
            return day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1)
        case Period.YEAR:
            return day.replace(day=1, month=1)
    return day


def members_of(period: Period, start: datetime, *, backward: bool) -> Sequence[datetime]:
    """The parts of a window: forward they begin at `start`, backward `start` is the last one.

    Backward, a month is what lies between its first day and the same day a month earlier.
    """
    if period in _FIRST_OF_MONTH and start.day != 1:
        raise InvalidInputError(
            f"a window of a {period.value} begins on the first of a month, not at {start}"
        )
    step = MEMBERS[period]
    if period is Period.MONTH:
        other = _months_after(start, -1 if backward else 1)
        count = abs((other - start).days)
    else:
        count = _COUNTS[period]
    if isinstance(step, int):
        first = _months_after(start, -(count - 1)) if backward else start
        return [_months_after(first, number) for number in range(count)]
    first = start - (count - 1) * step if backward else start
    return [first + number * step for number in range(count)]


def written(moment: datetime, pattern: str) -> str:
    """The moment by a pattern of `strftime`, in which `{quarter}` may stand, too."""
    text = moment.strftime(pattern)
    return text.replace("{quarter}", str((moment.month - 1) // 3 + 1))


def read(text: str, pattern: str) -> datetime:
    """The moment that was written by the pattern. Raises `ValueError`."""
    if not any(mark in pattern for mark in ("{quarter}", "%V", "%U", "%W")):
        return datetime.strptime(text, pattern)  # noqa: DTZ007 - the wall clock of who asks
    # A week's number alone says nothing, so the date beside it is read; a quarter is a month.
    found = _expression(pattern).fullmatch(text)
    parts = {} if found is None else {k: int(v) for k, v in found.groupdict().items()}
    month = parts.get("m") or (parts["quarter"] * 3 - 2 if "quarter" in parts else None)
    if "Y" not in parts or month is None or not ("d" in parts or "quarter" in parts):
        raise ValueError(
            f"The partition key {text!r} is not of the form {pattern!r}, or that form does not "
            "tell the day: it needs %Y, and %m with %d or {quarter}."
        )
    day = (parts["Y"], month, parts.get("d", 1))
    return datetime(*day, parts.get("H", 0), parts.get("M", 0))  # noqa: DTZ001 - as above


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"(%[YmdHMSVUW]|\{quarter\})", pattern)
    seen: set[str] = set()
    out = []
    for piece in pieces:
        name = piece.strip("%{}")
        if piece == "{quarter}":
            digits = "[1-4]"
        elif len(piece) == 2 and piece[0] == "%":
            digits = r"\d{4}" if name == "Y" else r"\d{2}"
        else:
            out.append(re.escape(piece))
            continue
        out.append(f"(?:{digits})" if name in seen else f"(?P<{name}>{digits})")
        seen.add(name)
    return re.compile("".join(out))


def zone(name: str) -> tzinfo:
    """A time zone by its name, or by a fixed distance such as `+02:00`."""
    if name.upper() == "UTC":
        return UTC
    fixed = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", name)
    if fixed is not None:
        sign = -1 if fixed[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(fixed[2]), minutes=int(fixed[3])))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidInputError(f"there is no time zone {name!r}") from error


def _months_after(first: datetime, months: int) -> datetime:
    total = first.month - 1 + months
    return first.replace(year=first.year + total // 12, month=total % 12 + 1)
