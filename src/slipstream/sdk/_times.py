"""Times and durations as authors write them, as the values that Slipstream works with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import TYPE_CHECKING

from slipstream.sdk._conf import authoring_defaults

if TYPE_CHECKING:
    import pendulum


@cache
def default_timezone() -> tzinfo:
    """The time zone of times that have none: `[core] default_timezone`."""
    return zone(authoring_defaults().timezone)


@cache
def zone(name: str) -> tzinfo:
    """A time zone by its name: IANA, `utc`, `system`, or an offset such as `+05:30`."""
    if name.lower() == "utc":
        return UTC
    if name.lower() == "system":
        local = datetime.now().astimezone().tzinfo
        return local or UTC
    if name[:1] in ("+", "-"):
        return datetime.strptime(name, "%z").tzinfo or UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def zone_name(tz: tzinfo | None) -> str:
    """The IANA name of a zone, whichever library made it; `+05:30` for a fixed offset."""
    if tz is None or tz is UTC:
        return "UTC"
    for attribute in ("key", "name", "zone"):
        name = getattr(tz, attribute, None)
        if isinstance(name, str) and name:
            return "UTC" if name in ("utc", "UTC", "Z", "+00:00") else name
    offset = tz.utcoffset(datetime(2026, 1, 1))  # noqa: DTZ001 - a wall-clock time of that zone
    if not offset:
        return "UTC"
    return timezone(offset).tzname(None).removeprefix("UTC")


def aware(value: datetime | str, what: str) -> datetime:
    """The time with a zone; one without is of the default zone. Text is read as ISO 8601."""
    if isinstance(value, str):
        value = _parsed(value, what)
    if not isinstance(value, datetime):
        hint = " A date has no time of day; use datetime." if isinstance(value, date) else ""
        raise TypeError(
            f"{what} has to be a datetime; {value!r} is a {type(value).__name__}.{hint}"
        )
    if value.tzinfo is None or value.utcoffset() is None:
        return value.replace(tzinfo=default_timezone())
    return value


def _parsed(text: str, what: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    import pendulum

    try:
        found = pendulum.parse(text, strict=False)
    except ValueError:
        raise ValueError(
            f"{what} is {text!r}, which is no time. Expected ISO 8601, such as 2026-01-31."
        ) from None
    if not isinstance(found, datetime):
        raise ValueError(f"{what} is {text!r}, which is no moment. Expected ISO 8601.")
    return found


def in_utc(value: datetime | None) -> datetime | None:
    """The same moment as a plain UTC datetime."""
    if value is None:
        return None
    moment = value.astimezone(UTC)
    return datetime(*moment.timetuple()[:6], moment.microsecond, tzinfo=UTC)


def as_duration(value: object, what: str) -> timedelta:
    """A duration; a number is taken as seconds."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    raise TypeError(
        f"{what} has to be a timedelta or a number of seconds; {value!r} is a "
        f"{type(value).__name__}."
    )


def for_user(value: datetime | None, tz: str | None = None) -> pendulum.DateTime | None:
    """The moment as the `pendulum.DateTime` that user code is given, in UTC or that zone."""
    if value is None:
        return None
    import pendulum

    found = pendulum.instance(value)
    return found.in_timezone(tz or "UTC")
