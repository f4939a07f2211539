"""Moments with their time zones, and pendulum's durations, taken apart and put together."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

NAMES = frozenset({"datetime", "pendulum", "timezone"})


def dismantle(value: Any) -> tuple[str, Any] | None:
    """Name and parts, or None if the value is none of these."""
    if isinstance(value, datetime):
        name = "pendulum" if _is_pendulum(value) else "datetime"
        return name, {
            "at": value.replace(tzinfo=None).isoformat(),
            "zone": None if value.tzinfo is None else _zone_name(value.tzinfo, value),
            **({"fold": 1} if value.fold else {}),
        }
    if isinstance(value, tzinfo):
        return "timezone", _zone_name(value, datetime.now(UTC))
    return None


def rebuild(name: str, parts: Any) -> Any:
    """The value from its parts."""
    if name == "timezone":
        return _zone(parts)
    naive = datetime.fromisoformat(parts["at"]).replace(fold=parts.get("fold", 0))
    zone = parts["zone"]
    if name == "datetime":
        return naive if zone is None else naive.replace(tzinfo=_zone(zone))
    import pendulum

    aware = pendulum.instance(naive, tz=None if zone is None else _pendulum_zone(zone))
    return aware.naive() if zone is None else aware


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
