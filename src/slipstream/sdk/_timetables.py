"""Timetables: what makes a DAG run without being asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from slipstream.sdk._clock_timetable import ClockTimetable
from slipstream.sdk._cron_mixin import CronMixin
from slipstream.sdk._times import aware, in_utc
from slipstream.sdk._timetable import Timetable
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowTimetableInvalid

if TYPE_CHECKING:
    from dateutil.relativedelta import relativedelta

    from slipstream.model.schedule import Cron, CronPartition, Schedule


class NullTimetable(ClockTimetable):
    """Never."""

    description = "Never, external triggers only"
    periodic = False
    run_ordering = ("logical_date",)
    can_be_scheduled = False
    summary = "None"

    def as_schedule(self) -> Schedule:
        """Never."""
        from slipstream.model.schedule import NoSchedule

        return NoSchedule()


class OnceTimetable(ClockTimetable):
    """Once, at the start date."""

    description = "Once, as soon as possible"
    periodic = False
    run_ordering = ("logical_date",)
    summary = "@once"

    def as_schedule(self) -> Schedule:
        """Once."""
        from slipstream.model.schedule import Once

        return Once()


class ContinuousTimetable(ClockTimetable):
    """Whenever the last run has ended."""

    description = "As frequently as possible, but only one run at a time."
    periodic = False
    run_ordering = ("logical_date",)
    active_runs_limit = 1
    summary = "@continuous"

    def as_schedule(self) -> Schedule:
        """Always."""
        from slipstream.model.schedule import Continuous

        return Continuous()


class CronTriggerTimetable(CronMixin, ClockTimetable):
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

    def serialize(self) -> dict[str, UserValue]:
        """Everything that it was made from."""
        return {
            **super().serialize(),
            "interval": _plain_delta(self._interval),
            "run_immediately": _plain_grace(self._run_immediately),
        }

    @classmethod
    def deserialize(cls, data: dict[str, UserValue]) -> Timetable:
        """Make it again."""
        return cls(
            data["expression"],
            timezone=data["timezone"],
            interval=_delta_of(data["interval"]),
            run_immediately=_grace_of(data["run_immediately"]),
        )

    def as_schedule(self) -> Cron | CronPartition:
        """The ticks."""
        return self._ticks()

    def _ticks(self) -> Cron:
        from slipstream.model.schedule import Cron

        months, rest = _steps(self._interval)
        return Cron(
            expression=self._expression,
            timezone=self._zone_name,
            interval_length=rest,
            interval_months=months,
            run_immediately=self._run_immediately,
        )


class CronPartitionTimetable(CronTriggerTimetable):
    """A run at every tick, for the partition that the tick stands for."""

    partitioned = True

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
        if run_offset is not None and not isinstance(run_offset, int):
            raise ValueError(
                f"run_offset is {run_offset!r}; expected a whole number of ticks, such as -1 for "
                "the partition before."
            )
        self.run_offset = run_offset or 0
        self.key_format = key_format

    def serialize(self) -> dict[str, UserValue]:
        """Everything that it was made from."""
        data = super().serialize()
        del data["interval"]
        return {**data, "run_offset": self.run_offset, "key_format": self.key_format}

    @classmethod
    def deserialize(cls, data: dict[str, UserValue]) -> Timetable:
        """Make it again."""
        return cls(
            data["expression"],
            timezone=data["timezone"],
            run_offset=data["run_offset"],
            run_immediately=_grace_of(data["run_immediately"]),
            key_format=data["key_format"],
        )

    def resolve_partition_date(self, partition_key: str | None) -> datetime | None:
        """The moment that the key stands for. Raises `ValueError` for a key of another format."""
        if partition_key is None:
            return None
        from slipstream.core.timetable import partition_date_of

        return partition_date_of(self.as_schedule(), partition_key)

    def as_schedule(self) -> CronPartition:
        """The ticks and their partitions."""
        from slipstream.model.schedule import CronPartition

        return CronPartition(
            expression=self._expression,
            timezone=self._zone_name,
            run_offset=self.run_offset,
            run_immediately=self._run_immediately,
            key_format=self.key_format,
        )


class CronDataIntervalTimetable(CronMixin, ClockTimetable):
    """A run for the time between every two ticks, once it is over."""

    def as_schedule(self) -> Schedule:
        """The intervals."""
        from slipstream.model.schedule import Cron

        return Cron(expression=self._expression, timezone=self._zone_name, interval=True)


class MultipleCronTriggerTimetable(ClockTimetable):
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

    def serialize(self) -> dict[str, UserValue]:
        """Everything that it was made from."""
        data = self._timetables[0].serialize()
        del data["expression"]
        return {"expressions": [one.expression for one in self._timetables], **data}

    @classmethod
    def deserialize(cls, data: dict[str, UserValue]) -> Timetable:
        """Make it again."""
        return cls(
            *data["expressions"],
            timezone=data["timezone"],
            interval=_delta_of(data["interval"]),
            run_immediately=_grace_of(data["run_immediately"]),
        )

    def as_schedule(self) -> Schedule:
        """All ticks."""
        from slipstream.model.schedule import AnyCron

        return AnyCron(of=tuple(one._ticks() for one in self._timetables))


class _DeltaTimetable(ClockTimetable):
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

    def serialize(self) -> dict[str, UserValue]:
        """The time between two runs."""
        return {"delta": _plain_delta(self._delta)}

    @classmethod
    def deserialize(cls, data: dict[str, UserValue]) -> Timetable:
        """Make it again."""
        return cls(**{name: _delta_of(value) for name, value in data.items()})


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

    def serialize(self) -> dict[str, UserValue]:
        """Both lengths."""
        return {**super().serialize(), "interval": _plain_delta(self._interval)}

    def as_schedule(self) -> Schedule:
        """The steps."""
        from slipstream.model.schedule import Delta

        months, rest = _steps(self._delta)
        interval_months, interval_rest = _steps(self._interval)
        return Delta(
            delta=rest,
            months=months,
            interval_length=interval_rest,
            interval_months=interval_months,
        )


class DeltaDataIntervalTimetable(_DeltaTimetable):
    """A run for every stretch of time from the start date on, once it is over."""

    def as_schedule(self) -> Schedule:
        """The stretches."""
        from slipstream.model.schedule import Delta

        months, rest = _steps(self._delta)
        return Delta(delta=rest, months=months, interval=True)


class EventsTimetable(ClockTimetable):
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
        self._name = description
        self.description = description or _described(self.event_dates)

    @property
    def summary(self) -> str:
        """What it is called."""
        return self._name or f"{len(self.event_dates)} events"

    def serialize(self) -> dict[str, UserValue]:
        """Everything that it was made from."""
        return {
            "event_dates": [moment.isoformat() for moment in self.event_dates],
            "restrict_to_events": self.restrict_to_events,
            "description": self._name,
        }

    @classmethod
    def deserialize(cls, data: dict[str, UserValue]) -> Timetable:
        """Make it again."""
        dates = [datetime.fromisoformat(text) for text in data["event_dates"]]
        return cls(dates, data["restrict_to_events"], True, data["description"])

    def as_schedule(self) -> Schedule:
        """The moments."""
        from slipstream.model.schedule import Events

        return Events(
            at=tuple(utc for one in self.event_dates if (utc := in_utc(one)) is not None),
            description=self.summary,
            restrict_to_events=self.restrict_to_events,
        )


def _described(dates: list[datetime]) -> str:
    if not dates:
        return "No events"
    first, last = dates[0].isoformat(), dates[-1].isoformat()
    return f"{len(dates)} events between {first} and {last}"


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


def _plain_delta(delta: timedelta | relativedelta) -> UserValue:
    """The length as JSON can hold it: seconds, or the calendar's parts."""
    if isinstance(delta, timedelta):
        return delta.total_seconds()
    return {name: value for name, value in vars(delta).items() if value and name[:1] != "_"}


def _delta_of(plain: UserValue) -> timedelta | relativedelta:
    if not isinstance(plain, Mapping):
        return timedelta(seconds=plain)
    from dateutil.relativedelta import relativedelta

    return relativedelta(**plain)


def _plain_grace(run_immediately: bool | timedelta) -> UserValue:
    if isinstance(run_immediately, timedelta):
        return run_immediately.total_seconds()
    return run_immediately


def _grace_of(plain: UserValue) -> bool | timedelta:
    is_length = isinstance(plain, int | float) and not isinstance(plain, bool)
    return timedelta(seconds=plain) if is_length else plain
