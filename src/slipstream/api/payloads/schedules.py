"""A schedule in words, for people."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import assert_never

from slipstream.core.cron import PRESETS
from slipstream.model.schedule import (
    AnyCron,
    Continuous,
    Cron,
    CronPartition,
    Custom,
    Delta,
    Events,
    NoSchedule,
    OnAssets,
    Once,
    Schedule,
    by_the_clock,
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
        case Cron() | CronPartition():
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
        case Cron() | CronPartition():
            return _described(schedule.expression)
        case AnyCron():
            return ", ".join(_described(cron.expression) for cron in schedule.of)
        case Delta():
            return f"Every {_length(schedule.delta, schedule.months)}"
        case Events():
            return schedule.description or f"At {len(schedule.at)} given times"
        case Custom():
            return schedule.description or None
        case OnAssets():
            times = "" if isinstance(schedule.or_at, NoSchedule) else description(schedule.or_at)
            return f"Triggered by assets or {times}" if times else "Triggered by assets"
        case _:
            assert_never(schedule)


def is_periodic(schedule: Schedule) -> bool:
    """Whether it gives a run again and again, by the clock: there can be backfills."""
    match by_the_clock(schedule):
        case Custom(periodic=periodic):
            return periodic
        case Cron() | AnyCron() | CronPartition() | Delta() | Events():
            return True
        case _:
            return False


def is_partitioned(schedule: Schedule) -> bool:
    """Whether its runs are about partitions."""
    at = by_the_clock(schedule)
    return isinstance(at, CronPartition) or (isinstance(at, Custom) and at.partitioned)


@lru_cache(maxsize=1024)
def _described(expression: str) -> str:
    """The cron expression in words; empty for one with more than five fields."""
    from cron_descriptor import CasingTypeEnum, ExpressionDescriptor

    fields = PRESETS.get(expression, expression).split()
    if len(fields) != 5:
        return ""
    # Where both are given, a day that is either is meant.
    days = [[*fields[:2], fields[2], fields[3], "*"], [*fields[:2], "*", *fields[3:]]]
    said = days if fields[2] != "*" and fields[4] != "*" else [fields]
    try:
        return " (or) ".join(
            ExpressionDescriptor(
                " ".join(one), casing_type=CasingTypeEnum.Sentence, use_24hour_time_format=True
            ).get_description()
            for one in said
        )
    except Exception:  # noqa: BLE001 - it is a description, and knows less than croniter
        return ""


def _length(delta: timedelta, months: int) -> str:
    if not months:
        return str(delta)
    of_months = f"{months} months" if months > 1 else "1 month"
    return f"{of_months} and {delta}" if delta else of_months
