"""A schedule in words, for people."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from slipstream.model.schedule import (
    AnyCron,
    Continuous,
    Cron,
    Custom,
    Delta,
    Events,
    NoSchedule,
    OnAssets,
    Once,
    Schedule,
)


def summary(schedule: Schedule) -> str | None:
    """A few characters: the cron expression, the delta, the preset."""
    match schedule:
        case NoSchedule():
            return None
        case Once():
            return "@once"
        case Continuous():
            return "@continuous"
        case Cron():
            return schedule.expression
        case AnyCron():
            return ", ".join(cron.expression for cron in schedule.of)
        case Delta():
            return _length(schedule.delta, schedule.months)
        case Events():
            return schedule.description or f"{len(schedule.at)} events"
        case Custom():
            return schedule.summary or schedule.importable.rpartition(".")[2]
        case OnAssets():
            times = summary(schedule.or_at)
            return f"Asset or {times}" if times else "Asset"
        case _:
            assert_never(schedule)


def description(schedule: Schedule) -> str | None:
    """One sentence's worth."""
    match schedule:
        case NoSchedule():
            return "Never, external triggers only"
        case Once():
            return "Once, as soon as possible"
        case Continuous():
            return "As soon as the previous run finishes"
        case Cron():
            return f"At the ticks of {schedule.expression} ({schedule.timezone})"
        case AnyCron():
            return f"At the ticks of any of {summary(schedule)}"
        case Delta():
            return f"Every {_length(schedule.delta, schedule.months)}"
        case Events():
            return schedule.description or f"At {len(schedule.at)} given times"
        case Custom():
            return schedule.description or None
        case OnAssets():
            return "When its assets are updated"
        case _:
            assert_never(schedule)


def is_periodic(schedule: Schedule) -> bool:
    """Whether it gives a run again and again, by the clock."""
    return isinstance(schedule, Cron | AnyCron | Delta | Continuous)


def _length(delta: timedelta, months: int) -> str:
    if not months:
        return str(delta)
    of_months = f"{months} months" if months > 1 else "1 month"
    return f"{of_months} and {delta}" if delta else of_months
