"""What makes a DAG run without being asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from slipstream.model.json import JsonValue


@dataclass(frozen=True, slots=True)
class NoSchedule:
    """Only when somebody asks."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """Every `delta` from the start date on. Months and years are calendar steps."""

    delta: timedelta
    months: int = 0
    interval: bool = False
    interval_length: timedelta = timedelta(0)


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
    summary: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class AnyCron:
    """At the ticks of any of several cron expressions."""

    of: tuple[Cron, ...]


TimeSchedule: TypeAlias = NoSchedule | Once | Continuous | Cron | AnyCron | Delta | Events | Custom
"""What the clock alone decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAssets:
    """When assets were updated as the condition asks, and besides at the times of `or_at`."""

    condition: JsonValue
    """`{"asset": {"name": …, "uri": …}}`, `{"alias": …}`, or `{"any": […]}` / `{"all": […]}`."""
    or_at: TimeSchedule = NoSchedule()


Schedule: TypeAlias = TimeSchedule | OnAssets
