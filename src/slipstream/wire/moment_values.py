"""Moments with their time zones, and pendulum's durations, taken apart and put together."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

_PLAIN_PENDULUM = ("pendulum.date", "pendulum.time", "pendulum.duration")
NAMES = frozenset({"datetime", "pendulum", "timezone", "pendulum.timezone", *_PLAIN_PENDULUM})


def dismantle(value: Any) -> tuple[str, Any] | None:
    """Name and parts, or None if the value is none of these."""
    if isinstance(value, datetime):
        name = "pendulum" if _is_pendulum(value) else "datetime"
        return name, {
            "at": value.replace(tzinfo=None).isoformat(),
            "zone": None if value.tzinfo is None else _zone_name(value.tzinfo, value),
            **({"fold": 1} if value.fold else {}),
        }
    pendulum: Any = sys.modules.get("pendulum")
    if isinstance(value, tzinfo):
        zone = _zone_name(value, datetime.now(UTC))
        is_pendulums = pendulum is not None and isinstance(value, pendulum.Timezone)
        return ("pendulum.timezone" if is_pendulums else "timezone"), zone
    return None if pendulum is None else _of_pendulum(pendulum, value)


def rebuild(name: str, parts: Any) -> Any:
    """The value from its parts."""
    if name == "timezone":
        return _zone(parts)
    if name == "pendulum.timezone":
        return _pendulum_zone(parts)
    if name in _PLAIN_PENDULUM:
        return _plain_pendulum(name, parts)
    naive = datetime.fromisoformat(parts["at"]).replace(fold=parts.get("fold", 0))
    zone = parts["zone"]
    if name == "datetime":
        return naive if zone is None else naive.replace(tzinfo=_zone(zone))
    import pendulum

    aware = pendulum.instance(naive, tz=None if zone is None else _pendulum_zone(zone))
    return aware.naive() if zone is None else aware


def _of_pendulum(pendulum: Any, value: Any) -> tuple[str, Any] | None:
    """Its date, its time and its duration, which are not those of the standard library."""
    if isinstance(value, pendulum.Date):
        return "pendulum.date", value.isoformat()
    if isinstance(value, pendulum.Time):
        return "pendulum.time", value.isoformat()
    if isinstance(value, pendulum.Duration) and not isinstance(value, pendulum.Interval):
        # Years and months are kept apart from days, and count in them as so many.
        whole: timedelta = value.as_timedelta()
        counted = timedelta(days=value.years * 365 + value.months * 30)
        rest = (whole - counted) // timedelta(microseconds=1)
        return "pendulum.duration", [value.years, value.months, rest]
    return None


def _plain_pendulum(name: str, parts: Any) -> Any:
    import pendulum

    if name == "pendulum.duration":
        years, months, microseconds = parts
        return pendulum.duration(years=years, months=months, microseconds=microseconds)
    if name == "pendulum.date":
        found = date.fromisoformat(parts)
        return pendulum.date(found.year, found.month, found.day)
    at = time.fromisoformat(parts)
    return pendulum.time(at.hour, at.minute, at.second, at.microsecond)


def _is_pendulum(value: datetime) -> bool:
    pendulum = sys.modules.get("pendulum")
    return pendulum is not None and isinstance(value, pendulum.DateTime)


def _zone_name(zone: tzinfo, at: datetime) -> str | float:
    """The zone's name in the time zone database; the offset in seconds where it has none."""
    if zone is UTC:
        return "UTC"
    for attribute in ("key", "name", "zone"):
        name: str | Callable[[], str] | None = getattr(zone, attribute, None)
        if isinstance(name, str) and name[:1] not in {"", "+", "-"}:
            return name
    offset = at.replace(tzinfo=zone).utcoffset() or timedelta(0)
    return offset.total_seconds()


def _zone(name: str | float) -> tzinfo:
    if name == "UTC":
        return UTC
    return ZoneInfo(name) if isinstance(name, str) else timezone(timedelta(seconds=name))


def _pendulum_zone(name: str | float) -> Any:
    import pendulum

    return pendulum.timezone(name if isinstance(name, str) else int(name))
