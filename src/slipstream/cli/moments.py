"""Moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from slipstream.cli.errors import UsageError
from slipstream.config import Config, ConfigError


def moment(text: str, config: Config) -> datetime:
    """An ISO 8601 date or moment in UTC; without an offset it is in `[core] default_timezone`."""
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a moment{_reason(error)}; expected ISO 8601 as in 2026-01-31 or "
            f"2026-01-31T12:00:00+00:00."
        ) from None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=default_timezone(config))
    return parsed.astimezone(UTC)


def stretch(
    start: str | None, end: str | None, config: Config
) -> tuple[datetime | None, datetime | None]:
    """The moments of `--start-date` and `--end-date`. Raises `UsageError` for an end before."""
    first, last = (moment(text, config) if text else None for text in (start, end))
    if first is not None and last is not None and last < first:
        raise UsageError(
            f"--end-date ({last.isoformat()}) is before --start-date ({first.isoformat()})."
        )
    return first, last


def _reason(error: ValueError) -> str:
    """What is wrong with one that is written as it should be: there is no 30 February."""
    said = str(error)
    return "" if said.startswith("Invalid isoformat") else f": {said}"


def default_timezone(config: Config) -> tzinfo:
    """The time zone that `[core] default_timezone` names."""
    name = config.text("core", "default_timezone")
    if name.lower() == "utc":
        return UTC
    if name.lower() == "system":
        local = datetime.now(UTC).astimezone().tzinfo
        assert local is not None
        return local
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        source = config.setting("core", "default_timezone").source
        message = f"{source}: [core] default_timezone is {name!r}, expected a name as Europe/Paris."
        raise ConfigError(message) from error
