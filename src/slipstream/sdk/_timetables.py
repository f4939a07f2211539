"""Timetables: what makes a DAG run without being asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from slipstream.model.schedule import (
    AnyCron,
    Continuous,
    Cron,
    Delta,
    Events,
    NoSchedule,
    Once,
    Schedule,
)
from slipstream.sdk._times import aware, in_utc, zone_name
from slipstream.sdk._timetable import Timetable
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowTimetableInvalid

if TYPE_CHECKING:
    from dateutil.relativedelta import relativedelta

CRON_PRESETS: Mapping[str, str] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""Names for cron expressions."""


class NullTimetable(Timetable):
    """Never."""

    description = "Never, external triggers only"
    periodic = False
    can_be_scheduled = False
    summary = "None"

    def as_schedule(self) -> Schedule:
        """Never."""
        return NoSchedule()


class OnceTimetable(Timetable):
    """Once, at the start date."""

    description = "Once, as soon as possible"
    periodic = False
    summary = "@once"

    def as_schedule(self) -> Schedule:
        """Once."""
        return Once()


class ContinuousTimetable(Timetable):
    """Whenever the last run has ended."""

    description = "As frequently as possible, but only one run at a time."
    periodic = False
    active_runs_limit = 1
    summary = "@continuous"

    def as_schedule(self) -> Schedule:
        """Always."""
        return Continuous()


class _CronTimetable(Timetable):
    """Something with a cron expression."""

    def __init__(self, cron: str, timezone: str | tzinfo) -> None:
        self._text = cron
        self._expression = _checked_cron(cron)
        self._timezone = timezone if isinstance(timezone, str) else zone_name(timezone)

    @property
    def expression(self) -> str:
        """The cron expression, presets resolved."""
        return self._expression

    @property
    def summary(self) -> str:
        """The expression."""
        return self._expression

    def serialize(self) -> dict[str, UserValue]:
        """Expression and zone."""
        return {"expression": self._expression, "timezone": self._timezone}


class CronTriggerTimetable(_CronTimetable):
    """A run at every tick; its interval ends at the tick and has the length `interval`."""

    def __init__(
        self,
        cron: str,
        *,
        timezone: str | tzinfo,
        interval: timedelta | relativedelta = timedelta(),
        run_immediately: bool | timedelta = False,
    ) -> None:
        super().__init__(cron, timezone)
        self._interval = interval
        self._run_immediately = run_immediately

    def as_schedule(self) -> Cron:
        """The ticks."""
        return Cron(
            expression=self._expression,
            timezone=self._timezone,
            interval_length=_steps(self._interval)[1],
            run_immediately=self._run_immediately,
        )


class CronPartitionTimetable(CronTriggerTimetable):
    """A run at every tick, for the partition that the tick stands for."""

    def __init__(
        self,
        cron: str,
        *,
        timezone: str | tzinfo,
        run_offset: int | timedelta | relativedelta | None = None,
        run_immediately: bool | timedelta = False,
        key_format: str = "%Y-%m-%dT%H:%M:%S",
    ) -> None:
        super().__init__(cron, timezone=timezone, run_immediately=run_immediately)
        self.run_offset = run_offset
        self.key_format = key_format


class CronDataIntervalTimetable(_CronTimetable):
    """A run for the time between every two ticks, once it is over."""

    def as_schedule(self) -> Schedule:
        """The intervals."""
        return Cron(expression=self._expression, timezone=self._timezone, interval=True)


class MultipleCronTriggerTimetable(Timetable):
    """A run at every tick of any of several cron expressions."""

    def __init__(
        self,
        *crons: str,
        timezone: str | tzinfo,
        interval: timedelta | relativedelta = timedelta(),
        run_immediately: bool | timedelta = False,
    ) -> None:
        if not crons:
            raise ValueError("MultipleCronTriggerTimetable needs at least one cron expression.")
        self._timetables = [
            CronTriggerTimetable(
                cron, timezone=timezone, interval=interval, run_immediately=run_immediately
            )
            for cron in crons
        ]

    @property
    def summary(self) -> str:
        """The expressions."""
        return ", ".join(one.summary for one in self._timetables)

    def as_schedule(self) -> Schedule:
        """All ticks."""
        return AnyCron(of=tuple(one.as_schedule() for one in self._timetables))


class _DeltaTimetable(Timetable):
    def __init__(self, delta: timedelta | relativedelta) -> None:
        self._delta = delta
        months, rest = _steps(delta)
        if months <= 0 and rest <= timedelta(0):
            raise AirflowTimetableInvalid(
                f"A DAG cannot run every {delta}: the time between two runs has to be positive."
            )

    @property
    def summary(self) -> str:
        """The time between two runs."""
        return str(self._delta)


class DeltaTriggerTimetable(_DeltaTimetable):
    """A run every so often from the start date on."""

    def __init__(
        self,
        delta: timedelta | relativedelta,
        *,
        interval: timedelta | relativedelta = timedelta(),
    ) -> None:
        super().__init__(delta)
        self._interval = interval

    def as_schedule(self) -> Schedule:
        """The steps."""
        months, rest = _steps(self._delta)
        return Delta(delta=rest, months=months, interval_length=_steps(self._interval)[1])


class DeltaDataIntervalTimetable(_DeltaTimetable):
    """A run for every stretch of time from the start date on, once it is over."""

    def as_schedule(self) -> Schedule:
        """The stretches."""
        months, rest = _steps(self._delta)
        return Delta(delta=rest, months=months, interval=True)


class EventsTimetable(Timetable):
    """A run at each of the listed moments."""

    def __init__(
        self,
        event_dates: Iterable[datetime],
        restrict_to_events: bool = False,
        presorted: bool = False,
        description: str | None = None,
    ) -> None:
        dates = [aware(one, "event_dates") for one in event_dates]
        self.event_dates = dates if presorted else sorted(set(dates))
        self.restrict_to_events = restrict_to_events
        self.description = description or f"{len(self.event_dates)} events"

    @property
    def summary(self) -> str:
        """What it is called."""
        return self.description

    def as_schedule(self) -> Schedule:
        """The moments."""
        return Events(
            at=tuple(utc for one in self.event_dates if (utc := in_utc(one)) is not None),
            description=self.description,
            restrict_to_events=self.restrict_to_events,
        )


def _checked_cron(text: str) -> str:
    expression = CRON_PRESETS.get(text, text)
    from croniter import croniter

    if not croniter.is_valid(expression):
        presets = ", ".join(sorted([*CRON_PRESETS, "@once", "@continuous"]))
        raise AirflowTimetableInvalid(
            f"{text!r} is no cron expression. Expected five fields (minute, hour, day, month, "
            f"weekday), or one of {presets}."
        )
    return expression


def _steps(delta: timedelta | relativedelta) -> tuple[int, timedelta]:
    """Calendar months and the rest of a step."""
    if type(delta) is timedelta:
        return 0, delta
    months = int(getattr(delta, "years", 0)) * 12 + int(getattr(delta, "months", 0))
    if isinstance(delta, timedelta):
        # A pendulum duration counts a month as 30 and a year as 365 days in its total.
        days = int(getattr(delta, "years", 0)) * 365 + int(getattr(delta, "months", 0)) * 30
        return months, timedelta(seconds=delta.total_seconds()) - timedelta(days=days)
    rest = timedelta(
        days=delta.days,
        hours=delta.hours,
        minutes=delta.minutes,
        seconds=delta.seconds,
        microseconds=delta.microseconds,
    )
    return months, rest
