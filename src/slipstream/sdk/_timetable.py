"""What a timetable is, for those who write their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from slipstream.model.json import JsonValue
from slipstream.model.schedule import Custom, Schedule
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from pendulum import DateTime

    from slipstream.sdk._assets import BaseAsset


class DataInterval(NamedTuple):
    """The time whose data a run is about."""

    start: DateTime
    end: DateTime

    @classmethod
    def exact(cls, at: DateTime) -> DataInterval:
        """An interval of no length."""
        return cls(start=at, end=at)


class TimeRestriction(NamedTuple):
    """Between which moments runs may be, and whether those of the past are caught up."""

    earliest: DateTime | None
    latest: DateTime | None
    catchup: bool


class DagRunInfo(NamedTuple):
    """A run to come: when, and about which data."""

    run_after: DateTime
    data_interval: DataInterval

    @classmethod
    def exact(cls, at: DateTime) -> DagRunInfo:
        """A run at a moment, about an interval of no length."""
        return cls(run_after=at, data_interval=DataInterval.exact(at))

    @classmethod
    def interval(cls, start: DateTime, end: DateTime) -> DagRunInfo:
        """A run at the end of the interval that it is about."""
        return cls(run_after=end, data_interval=DataInterval(start, end))

    @property
    def logical_date(self) -> DateTime:
        """The start of the interval."""
        return self.data_interval.start


class Timetable:
    """Base of timetables. One's own timetable says when runs are in `next_dagrun_info`.

    It is evaluated in a process of its own; `serialize` and `deserialize` take it there.
    """

    description: str = ""
    periodic: bool = True
    can_be_scheduled: bool = True
    run_ordering: Iterable[str] = ("data_interval_end", "logical_date")
    active_runs_limit: int | None = None
    asset_condition: BaseAsset | None = None

    @property
    def summary(self) -> str:
        """A few words for lists."""
        return type(self).__name__

    def serialize(self) -> dict[str, UserValue]:
        """What `deserialize` needs to make it again, as JSON can hold it."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, UserValue]) -> Timetable:
        """Make it again."""
        return cls(**data)

    def validate(self) -> None:
        """Raise `AirflowTimetableInvalid` where it makes no sense."""

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        """The interval of a run that somebody asked for."""
        raise NotImplementedError(f"{type(self).__name__} has no infer_manual_data_interval().")

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The run after the last one; None for never again."""
        raise NotImplementedError(f"{type(self).__name__} has no next_dagrun_info().")

    def as_schedule(self) -> Schedule:
        """The value that the scheduler works with."""
        kind = type(self)
        data: JsonValue = self.serialize()
        return Custom(
            importable=f"{kind.__module__}.{kind.__qualname__}",
            data=data,
            summary=self.summary,
            description=self.description,
        )
