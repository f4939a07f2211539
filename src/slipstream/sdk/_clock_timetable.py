"""What the timetables that the scheduler knows answer when user code asks them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from slipstream.sdk._times import for_user, in_utc
from slipstream.sdk._timetable import (
    DagRunInfo,
    DataInterval,
    TimeRestriction,
    Timetable,
)

if TYPE_CHECKING:
    from pendulum import DateTime

    from slipstream.core.timetable import Interval, RunInfo


class ClockTimetable(Timetable):
    """A timetable whose `as_schedule` says all. User code may derive from it and ask it.

    What the scheduler reckons by and what this answers is one arithmetic, that of the core.
    """

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        """The interval of a run that somebody asked for."""
        from slipstream.core.timetable import manual_interval

        return _data_interval(manual_interval(self.as_schedule(), _utc(run_after)))

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The run after the last one; None for never again."""
        from slipstream.core.timetable import Interval

        last = last_automated_data_interval
        span = None if last is None else Interval(_utc(last.start), _utc(last.end))
        return self._next(span, restriction)

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The run after the last one, which may be about a partition; None for never again."""
        if not self.partitioned:
            return super().next_dagrun_info_v2(
                last_dagrun_info=last_dagrun_info, restriction=restriction
            )
        from slipstream.core.timetable import Interval

        last = last_dagrun_info
        span = None if last is None else Interval(_utc(last.run_after), _utc(last.run_after))
        return self._next(span, restriction)

    def iter_partition_dagrun_infos(
        self, *, earliest: datetime, latest: datetime
    ) -> Iterator[DagRunInfo]:
        """The runs of the partitions between two moments, ends included."""
        from slipstream.core.timetable import runs_between

        if not self.partitioned:
            raise NotImplementedError(f"{type(self).__name__} has no partitions to go through.")
        for run in runs_between(self.as_schedule(), _utc(earliest), _utc(latest)):
            yield _run_info(run)

    def _next(self, last: Interval | None, restriction: TimeRestriction) -> DagRunInfo | None:
        from slipstream.core.timetable import next_run

        found = next_run(
            self.as_schedule(),
            last=last,
            start_date=in_utc(restriction.earliest),
            end_date=in_utc(restriction.latest),
            catchup=restriction.catchup,
            now=datetime.now(UTC),
        )
        return None if found is None else _run_info(found)


def _run_info(run: RunInfo) -> DagRunInfo:
    return DagRunInfo(
        run_after=pendulum_of(run.run_after),
        data_interval=None if run.interval is None else _data_interval(run.interval),
        partition_date=for_user(run.partition_date),
        partition_key=run.partition_key,
    )


def _data_interval(interval: Interval) -> DataInterval:
    return DataInterval(pendulum_of(interval.start), pendulum_of(interval.end))


def pendulum_of(moment: datetime) -> DateTime:
    """The moment as user code gets it."""
    found = for_user(moment)
    assert found is not None, "a moment is never None"
    return found


def _utc(moment: datetime) -> datetime:
    found = in_utc(moment)
    assert found is not None, "a moment is never None"
    return found
