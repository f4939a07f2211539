"""What a timetable is, for those who write their own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from slipstream.model.json import JsonValue
from slipstream.model.states import RunType
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowTimetableInvalid

if TYPE_CHECKING:
    from datetime import datetime

    from pendulum import DateTime

    from slipstream.model.schedule import Custom, Schedule
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
    data_interval: DataInterval | None
    """None for a run about a partition."""
    partition_date: DateTime | None = None
    partition_key: str | None = None

    @classmethod
    def exact(cls, at: DateTime) -> DagRunInfo:
        """A run at a moment, about an interval of no length."""
        return cls(run_after=at, data_interval=DataInterval.exact(at))

    @classmethod
    def interval(cls, start: DateTime, end: DateTime) -> DagRunInfo:
        """A run at the end of the interval that it is about."""
        return cls(run_after=end, data_interval=DataInterval(start, end))

    @property
    def logical_date(self) -> DateTime | None:
        """The start of the interval."""
        return None if self.data_interval is None else self.data_interval.start


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
    partitioned: bool = False
    """Whether runs are about partitions instead of data intervals."""
    partitioned_at_runtime: bool = False

    @property
    def type_name(self) -> str:
        """The class's name; with its module where it is none of ours."""
        kind = type(self)
        return kind.__name__ if is_ours(self) else f"{kind.__module__}.{kind.__qualname__}"

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
        raise NotImplementedError(f"{type(self).__name__} has no infer_manual_data_interval()")

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The run after the last one; None for never again."""
        raise NotImplementedError(f"{type(self).__name__} has no next_dagrun_info().")

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The run after the last one, which may be about a partition; None for never again.

        This is what is asked for. By default it is `next_dagrun_info`.
        """
        return self.next_dagrun_info(
            last_automated_data_interval=last_dagrun_info and last_dagrun_info.data_interval,
            restriction=restriction,
        )

    def iter_partition_dagrun_infos(
        self, *, earliest: datetime, latest: datetime
    ) -> Iterable[DagRunInfo]:
        """The runs of the partitions between two moments, ends included."""
        raise NotImplementedError(f"{type(self).__name__} has no partitions to go through.")

    def generate_run_id(
        self,
        *,
        run_type: RunType,
        run_after: DateTime,
        data_interval: DataInterval | None,
        **extra: UserValue,
    ) -> str:
        """The run's id."""
        return f"{run_type}__{run_after.isoformat()}"

    def as_schedule(self) -> Schedule:
        """The value that the scheduler works with."""
        return schedule_of_users(self)


def is_ours(timetable: Timetable) -> bool:
    """Whether the scheduler knows what it does: not of a class of the user's, derived or not."""
    return type(timetable).__module__.startswith("slipstream.")


def schedule_of(timetable: Timetable) -> Schedule:
    """The value that the scheduler works with."""
    return timetable.as_schedule() if is_ours(timetable) else schedule_of_users(timetable)


def schedule_of_users(timetable: Timetable) -> Custom:
    """A timetable of the user's, named by where it is defined and what it was made from."""
    from slipstream.model.schedule import Custom

    kind = type(timetable)
    data: JsonValue = timetable.serialize()
    try:
        json.dumps(data, default=_as_written)
    except (TypeError, ValueError) as error:
        raise AirflowTimetableInvalid(
            f"{kind.__name__}.serialize() gave {data!r}, which JSON cannot hold: {error}. Give "
            "texts, numbers, lists and dictionaries that deserialize() can make it from again."
        ) from None
    return Custom(
        importable=f"{kind.__module__}.{kind.__qualname__}",
        data=data,
        summary=timetable.summary,
        description=timetable.description,
        periodic=timetable.periodic,
        partitioned=timetable.partitioned,
    )


def _as_written(value: object) -> object:
    """What values that JSON does not know become where a DAG is written."""
    match value:
        case date() | timedelta():
            return str(value)
        case Enum():
            return value.value
        case set() | frozenset():
            return list(value)
    raise TypeError(f"{value!r} is of the type {type(value).__name__}")
