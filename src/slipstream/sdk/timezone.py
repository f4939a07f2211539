"""Times with time zones, as DAG files write them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from slipstream.sdk._times import default_timezone, zone

if TYPE_CHECKING:
    import pendulum

utc = dt.UTC
"""The UTC zone."""

TIMEZONE = utc
"""The former name of the default zone."""


def is_localized(value: dt.datetime) -> bool:
    """Whether a time has a zone."""
    return value.utcoffset() is not None


def is_naive(value: dt.datetime) -> bool:
    """Whether a time has no zone."""
    return value.utcoffset() is None


def utcnow() -> dt.datetime:
    """Now, in UTC."""
    return dt.datetime.now(tz=utc)


def utc_epoch() -> dt.datetime:
    """The beginning of 1970."""
    return dt.datetime(1970, 1, 1, tzinfo=utc)


def convert_to_utc(value: dt.datetime | None) -> pendulum.DateTime | None:
    """The same moment in UTC; a time without a zone is of the default zone."""
    if value is None:
        return None
    import pendulum

    found = value if is_localized(value) else value.replace(tzinfo=default_timezone())
    return pendulum.instance(found.astimezone(utc))


def make_aware(value: dt.datetime | None, timezone: dt.tzinfo | None = None) -> dt.datetime | None:
    """The wall-clock time with a zone. Raises `ValueError` where it has one."""
    if value is None:
        return None
    if is_localized(value):
        raise ValueError(f"make_aware() takes a time without a zone; {value!r} has one.")
    return value.replace(tzinfo=timezone or default_timezone())


def make_naive(value: dt.datetime, timezone: dt.tzinfo | None = None) -> dt.datetime:
    """The wall-clock time of a zone, without it. Raises `ValueError` where it has none."""
    if is_naive(value):
        raise ValueError(f"make_naive() takes a time with a zone; {value!r} has none.")
    return value.astimezone(timezone or default_timezone()).replace(tzinfo=None)


def datetime(*args: int, tzinfo: dt.tzinfo | None = None, **kwargs: int) -> dt.datetime:
    """A `datetime` of the default zone."""
    return dt.datetime(*args, **kwargs, tzinfo=tzinfo or default_timezone())  # type: ignore[misc,arg-type]  # passed through


def parse(
    string: str, timezone: dt.tzinfo | None = None, *, strict: bool = False
) -> pendulum.DateTime:
    """A moment from text; of the default zone where the text names none."""
    import pendulum

    found = pendulum.parse(string, tz=timezone or default_timezone(), strict=strict)
    if not isinstance(found, pendulum.DateTime):
        raise ValueError(f"{string!r} is no moment.")
    return found


def coerce_datetime(
    value: dt.datetime | None, tz: dt.tzinfo | None = None
) -> pendulum.DateTime | None:
    """The same moment as a `pendulum.DateTime`; a time without a zone is of the default zone."""
    if value is None:
        return None
    import pendulum

    found = value if is_localized(value) else value.replace(tzinfo=tz or default_timezone())
    moment = pendulum.instance(found)
    return moment if tz is None else moment.in_timezone(tz)  # type: ignore[arg-type]  # any tzinfo does


def parse_timezone(name: str | int) -> dt.tzinfo:
    """A zone by its name, or by its offset in seconds."""
    if isinstance(name, int):
        return dt.timezone(dt.timedelta(seconds=name))
    return zone(name)


def local_timezone() -> dt.tzinfo:
    """The machine's zone."""
    return zone("system")


def initialize(default: str) -> dt.tzinfo:
    """A zone by its name."""
    return zone(default)


def from_timestamp(timestamp: float, tz: str | dt.tzinfo = utc) -> pendulum.DateTime:
    """The moment of a Unix timestamp."""
    import pendulum

    zone_of = zone(tz) if isinstance(tz, str) else tz
    return pendulum.instance(dt.datetime.fromtimestamp(timestamp, tz=zone_of))


def td_format(delta: dt.timedelta | float | None) -> str | None:
    """A duration in short: `1d:2h:3M:4s`."""
    if delta is None or not delta:
        return None
    seconds = int(delta.total_seconds() if isinstance(delta, dt.timedelta) else delta)
    if not seconds:
        return "<1s"
    units = (("y", 31536000), ("m", 2592000), ("d", 86400), ("h", 3600), ("M", 60), ("s", 1))
    parts = []
    for unit, length in units:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count}{unit}")
    return ":".join(parts)
