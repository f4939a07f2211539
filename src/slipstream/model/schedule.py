"""What makes a DAG run without being asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from slipstream.model.json import JsonValue


@dataclass(frozen=True, slots=True)
class NoSchedule:
    """Only when somebody asks."""

    partitioned_at_runtime: bool = False
    """Whether who asks may name a partition."""


@dataclass(frozen=True, slots=True)
class Once:
    """One run, at the start date."""


@dataclass(frozen=True, slots=True)
class Continuous:
    """The next run starts when the last one ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """At the ticks of a cron expression, in the wall-clock time of `timezone`."""

    expression: str
    timezone: str = "UTC"
    interval: bool = False
    """True: the data interval is the time between two ticks, and a run starts at its end.
    False: the run starts at the tick, and the interval has the length `interval_length`."""
    interval_length: timedelta = timedelta(0)
    run_immediately: bool | timedelta = True
    """Without catchup, whether the tick that has just passed still runs."""
    interval_months: int = 0
    """Calendar months that the interval has besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CronPartition:
    """At the ticks of a cron expression, each for the partition that a tick stands for.

    The runs have no data interval. The partition's key is its tick, in the wall-clock time of
    `timezone`, as `key_format` writes it.
    """

    expression: str
    timezone: str = "UTC"
    run_offset: int = 0
    """How many ticks after the run's own the partition's is; negative: before."""
    run_immediately: bool | timedelta = False
    key_format: str = "%Y-%m-%dT%H:%M:%S"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """Every `delta` from the start date on. Months and years are calendar steps."""

    delta: timedelta
    months: int = 0
    interval: bool = False
    interval_length: timedelta = timedelta(0)
    interval_months: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """At the listed moments."""

    at: tuple[datetime, ...]
    description: str = ""
    restrict_to_events: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """A timetable class of the user's, evaluated in a child process."""

    importable: str
    data: JsonValue = None
    """What the timetable was made from, as it serializes itself."""
    summary: str = ""
    description: str = ""
    periodic: bool = True
    """Whether it gives runs again and again, so that there can be backfills."""
    partitioned: bool = False


@dataclass(frozen=True, slots=True)
class AnyCron:
    """At the ticks of any of several cron expressions."""

    of: tuple[Cron, ...]


TimeSchedule: TypeAlias = (
    NoSchedule | Once | Continuous | Cron | AnyCron | CronPartition | Delta | Events | Custom
)
"""What the clock alone decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAssets:
    """When assets were updated as the condition asks, and besides at the times of `or_at`."""

    condition: JsonValue
    """`{"asset": {"name": …, "uri": …}}`, `{"alias": …}`, or `{"any": […]}` / `{"all": […]}`."""
    or_at: TimeSchedule = NoSchedule()
    partitions: JsonValue = None
    """For one run per partition, how the assets' partitions become the DAG's:
    `{"default": mapper, "of": [{"name": …, "uri": …, "mapper": …}]}`, see
    `core.partition_mappers`. None for runs without a partition."""


Schedule: TypeAlias = TimeSchedule | OnAssets


def takes_partitions(schedule: Schedule) -> bool:
    """Whether a run of the DAG may be about a partition that somebody names."""
    if isinstance(schedule, OnAssets) and schedule.partitions is not None:
        return True
    match by_the_clock(schedule):
        case CronPartition() | Custom():
            # What a timetable of the user's makes of a key is for it to say.
            return True
        case NoSchedule(partitioned_at_runtime=named):
            return named
    return False


def by_the_clock(schedule: Schedule) -> TimeSchedule:
    """The part of a schedule that the clock decides."""
    return schedule.or_at if isinstance(schedule, OnAssets) else schedule
