"""When a DAG runs next by its schedule: arithmetic without a clock.

Ask `next_run` when a DAG becomes known, is unpaused, or when a run by the schedule was created, and
keep the answer until it is due: without catchup the answer depends on `now`, and a schedule of
listed events gives only those ahead.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, assert_never

from slipstream.core.cron import CronTicks, cron_ticks
from slipstream.model.errors import InvalidInputError
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
)
from slipstream.model.states import RunType


class Interval(NamedTuple):
    """The stretch of data that a run stands for; start and end may be one moment."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """A run that the schedule asks for."""

    run_after: datetime
    """The moment from which it may begin."""
    interval: Interval | None
    """None for a run that is about a partition."""
    partition_key: str | None = None
    partition_date: datetime | None = None
    run_id: str | None = None
    """The name that a timetable of the user's gives it; None for the usual one."""

    @property
    def logical_date(self) -> datetime | None:
        """The date that identifies the run: the start of its interval."""
        return None if self.interval is None else self.interval.start

    @property
    def span(self) -> Interval:
        """What the run after this one is counted from."""
        return self.interval or Interval(self.run_after, self.run_after)


class _Bounds(NamedTuple):
    """What limits a schedule."""

    last: Interval | None
    start_date: datetime | None
    end_date: datetime | None
    catchup: bool
    now: datetime


def next_run(
    schedule: Schedule,
    *,
    last: Interval | None,
    start_date: datetime | None,
    end_date: datetime | None,
    catchup: bool,
    now: datetime,
) -> RunInfo | None:
    """The next run after the one with the interval `last`, or None if there is none.

    `last` is that of the newest run by the schedule, None before the first. Without catchup, of
    the runs that are due only the latest is given. Of a schedule by assets only the times count.
    Raises `InvalidInputError` for a custom timetable, which is user code and asked for in a child
    process.
    """
    return _next(schedule, _Bounds(last, start_date, end_date, catchup, now))


def _next(schedule: Schedule, bounds: _Bounds) -> RunInfo | None:
    match schedule:
        case NoSchedule():
            return None
        case Once():
            return None if bounds.last else _within(bounds, _exact(bounds.start_date or bounds.now))
        case Continuous():
            return _continuous(bounds)
        case Cron():
            ticks = cron_ticks(schedule.expression, schedule.timezone)
            if schedule.interval:
                return _cron_interval(ticks, bounds)
            return _trigger(_CronSteps(schedule, ticks), schedule, bounds)
        case AnyCron():
            return _any_cron(schedule, bounds)
        case CronPartition():
            return _cron_partition(schedule, bounds)
        case OnAssets():
            return _next(schedule.or_at, bounds)
        case Delta():
            if schedule.interval:
                return _delta_interval(schedule, bounds)
            return _trigger(_DeltaSteps(schedule), schedule, bounds)
        case Events():
            return _events(schedule, bounds)
        case Custom():
            raise _not_ours(schedule)
    assert_never(schedule)


def manual_interval(schedule: Schedule, run_after: datetime) -> Interval:
    """The interval of a run that somebody asks for at that moment.

    Raises `InvalidInputError` for a custom timetable.
    """
    match schedule:
        case NoSchedule() | Once() | Continuous() | CronPartition():
            return Interval(run_after, run_after)
        case Cron():
            if not schedule.interval:
                return _before(run_after, schedule)
            ticks = cron_ticks(schedule.expression, schedule.timezone)
            end = ticks.at_or_before(run_after)
            return Interval(ticks.previous(end), end)
        case AnyCron():
            return min(manual_interval(cron, run_after) for cron in schedule.of)
        case OnAssets():
            return manual_interval(schedule.or_at, run_after)
        case Delta():
            if not schedule.interval:
                return _before(run_after, schedule)
            return Interval(_step(run_after, schedule, back=True), run_after)
        case Events():
            at = sorted(schedule.at)
            if not schedule.restrict_to_events or not at:
                return Interval(run_after, run_after)
            past = [moment for moment in at if moment <= run_after]
            moment = past[-1] if past else at[0]
            return Interval(moment, moment)
        case Custom():
            raise _not_ours(schedule)
    assert_never(schedule)


def run_id_for(
    run_type: RunType,
    *,
    run_after: datetime,
    logical_date: datetime | None = None,
    suffix: str = "",
) -> str:
    """A run id as Airflow makes it, such as `scheduled__2026-01-01T00:00:00+00:00`.

    A run by the schedule is named after the moment it may begin, any other after its logical date.
    One without such a date is named after `run_after` and `suffix`, a few random characters that
    keep it apart from others of the same moment.
    """
    if run_type is RunType.SCHEDULED:
        return f"{run_type}__{run_after.isoformat()}"
    if logical_date is not None:
        return f"{run_type}__{logical_date.isoformat()}"
    return f"{run_type}__{run_after.isoformat()}" + (f"_{suffix}" if suffix else "")


def runs_between(schedule: Schedule, earliest: datetime, latest: datetime) -> Iterator[RunInfo]:
    """The runs of a stretch of time, ends included, oldest first: what a backfill is made of.

    What counts is the run's logical date; of a schedule by partitions it is the partition's own
    tick, and the bounds are read as wall-clock times of the schedule's zone. Raises
    `InvalidInputError` for a custom timetable.
    """
    if isinstance(schedule, CronPartition):
        yield from _partitions_between(schedule, earliest, latest)
        return
    last: Interval | None = None
    while True:
        info = next_run(
            schedule, last=last, start_date=earliest, end_date=latest, catchup=True, now=latest
        )
        if info is None:
            return
        yield info
        last = info.span


def partition_moment(schedule: Schedule, bound: datetime) -> datetime:
    """A bound on partition dates: its wall-clock time is one of the schedule's zone."""
    if not isinstance(schedule, CronPartition):
        return bound
    return cron_ticks(schedule.expression, schedule.timezone).of_wall_time(bound)


def partition_date_of(schedule: CronPartition, key: str) -> datetime:
    """The moment that a partition's key stands for. Raises `InvalidInputError` for another key."""
    try:
        wall = datetime.strptime(key, schedule.key_format)  # noqa: DTZ007 - wall-clock time
    except ValueError as error:
        raise InvalidInputError(
            f"the partition key {key!r} is not of the form {schedule.key_format!r}: {error}"
        ) from error
    return cron_ticks(schedule.expression, schedule.timezone).of_wall_time(wall)


class _CronSteps:
    """A cron schedule whose runs begin at the ticks."""

    def __init__(self, schedule: Cron | CronPartition, ticks: CronTicks) -> None:
        self.next = ticks.next
        self.at_or_after = ticks.at_or_after
        self.at_or_before = ticks.at_or_before
        self._run_immediately = schedule.run_immediately

    def first(self, now: datetime) -> datetime:
        """The first tick of a DAG without a start date: the one just passed, if it is not too old.

        By default a tenth of the time between two ticks is not too old, nor are five minutes.
        """
        past, coming = self.at_or_before(now), self.at_or_after(now)
        if self._run_immediately is True:
            return past
        grace = max((coming - past) / 10, timedelta(minutes=5))
        if isinstance(self._run_immediately, timedelta):
            grace = self._run_immediately
        return past if now - past <= grace else coming


class _DeltaSteps:
    """A schedule of equal steps whose runs begin with them."""

    def __init__(self, schedule: Delta) -> None:
        self._schedule = schedule

    def next(self, moment: datetime) -> datetime:
        return _step(moment, self._schedule)

    def at_or_after(self, moment: datetime) -> datetime:
        return moment

    def at_or_before(self, moment: datetime) -> datetime:
        return moment

    def first(self, now: datetime) -> datetime:
        return now


def _trigger(
    steps: _CronSteps | _DeltaSteps, schedule: Cron | Delta, bounds: _Bounds
) -> RunInfo | None:
    """The next run of a schedule whose runs begin at the moment that they are named after."""
    moment = _next_step(steps, bounds)
    if moment is None:
        return None
    return RunInfo(run_after=moment, interval=_before(moment, schedule))


def _cron_partition(schedule: CronPartition, bounds: _Bounds) -> RunInfo | None:
    ticks = cron_ticks(schedule.expression, schedule.timezone)
    moment = _next_step(_CronSteps(schedule, ticks), bounds)
    if moment is None:
        return None
    date, seek = moment, ticks.next if schedule.run_offset > 0 else ticks.previous
    for _ in range(abs(schedule.run_offset)):
        date = seek(date)
    return _of_partition(schedule, date, run_after=moment)


def _partitions_between(
    schedule: CronPartition, earliest: datetime, latest: datetime
) -> Iterator[RunInfo]:
    ticks = cron_ticks(schedule.expression, schedule.timezone)
    date = ticks.at_or_after(ticks.of_wall_time(earliest))
    end = ticks.of_wall_time(latest)
    while date <= end:
        yield _of_partition(schedule, date, run_after=date)
        date = ticks.next(date)


def _of_partition(schedule: CronPartition, date: datetime, *, run_after: datetime) -> RunInfo:
    local = cron_ticks(schedule.expression, schedule.timezone).in_zone(date)
    return RunInfo(
        run_after=run_after,
        interval=None,
        partition_key=local.strftime(schedule.key_format),
        partition_date=date,
    )


def _next_step(steps: _CronSteps | _DeltaSteps, bounds: _Bounds) -> datetime | None:
    after_last = None if bounds.last is None else steps.next(bounds.last.end)
    if bounds.catchup:
        if after_last is not None:
            moment = after_last
        elif bounds.start_date is None:
            moment = steps.first(bounds.now)
        else:
            moment = steps.at_or_after(bounds.start_date)
    else:
        candidates: list[datetime] = []
        if after_last is None or after_last <= bounds.now:
            # Seeking costs: what has passed is looked at where it may be later.
            candidates.append(steps.at_or_before(bounds.now))
        if after_last is not None:
            candidates.append(after_last)
        elif bounds.start_date is None:
            candidates.append(steps.first(bounds.now))
        if bounds.start_date is not None and _may_restrict(bounds.start_date, bounds.last):
            candidates.append(steps.at_or_after(bounds.start_date))
        moment = max(candidates)
    return None if bounds.end_date is not None and moment > bounds.end_date else moment


def _may_restrict(start_date: datetime, last: Interval | None) -> bool:
    """Whether the start date can be later than what follows the last run."""
    return last is None or start_date > last.end


def _cron_interval(ticks: CronTicks, bounds: _Bounds) -> RunInfo | None:
    earliest = None
    if bounds.start_date is not None and _may_restrict(bounds.start_date, bounds.last):
        earliest = ticks.at_or_after(bounds.start_date)
    after_last = None if bounds.last is None else ticks.at_or_before(bounds.last.end)
    # Seeking costs: what has passed is looked at where it may be later.
    is_ahead = after_last is not None and ticks.next(after_last) > bounds.now
    if not bounds.catchup and not is_ahead:
        passed = ticks.previous(bounds.now)
        latest = passed if ticks.next(passed) == bounds.now else ticks.previous(passed)
        earliest = latest if earliest is None else max(latest, earliest)
    return _interval(after_last, earliest, bounds, ticks.next)


def _delta_interval(schedule: Delta, bounds: _Bounds) -> RunInfo | None:
    earliest = bounds.start_date
    if not bounds.catchup:
        latest = _step(_latest_mark(schedule, bounds.now, earliest), schedule, back=True)
        earliest = latest if earliest is None else max(latest, earliest)
    after_last = None if bounds.last is None else bounds.last.end
    return _interval(after_last, earliest, bounds, lambda start: _step(start, schedule))


def _interval(
    after_last: datetime | None,
    earliest: datetime | None,
    bounds: _Bounds,
    next_of: Callable[[datetime], datetime],
) -> RunInfo | None:
    """The next run of a schedule whose runs begin when the interval that they stand for is over."""
    known = [moment for moment in (after_last, earliest) if moment is not None]
    if not known:
        return None
    start = max(known)
    if bounds.last is not None and start <= bounds.last.start:
        # The schedule has changed, and its grid has no mark between the last run and its end.
        start = next_of(start)
    if bounds.end_date is not None and start > bounds.end_date:
        return None
    end = next_of(start)
    return RunInfo(run_after=end, interval=Interval(start, end))


def _any_cron(schedule: AnyCron, bounds: _Bounds) -> RunInfo | None:
    """The earliest of the next runs; without catchup, the latest of those that are due."""
    infos = [info for cron in schedule.of if (info := _next(cron, bounds)) is not None]
    due = [info for info in infos if info.run_after <= bounds.now]
    if due and not bounds.catchup:
        return max(due, key=lambda info: info.run_after)
    return min(infos, key=lambda info: info.run_after, default=None)


def _continuous(bounds: _Bounds) -> RunInfo | None:
    begin = bounds.start_date or bounds.now
    last = bounds.last
    if last is None:
        interval = Interval(begin, max(begin, bounds.now))
    elif last.end > bounds.now:
        interval = Interval(begin, begin + (last.end - last.start))
    else:
        interval = Interval(last.end, bounds.now)
    return _within(bounds, RunInfo(run_after=interval.end, interval=interval))


def _events(schedule: Events, bounds: _Bounds) -> RunInfo | None:
    earliest = bounds.start_date
    if not bounds.catchup and (earliest is None or earliest < bounds.now):
        earliest = bounds.now
    for moment in sorted(schedule.at):
        if earliest is not None and moment < earliest:
            continue
        if bounds.last is None or moment > bounds.last.end:
            return _within(bounds, _exact(moment))
    return None


def _exact(moment: datetime) -> RunInfo:
    return RunInfo(run_after=moment, interval=Interval(moment, moment))


def _within(bounds: _Bounds, info: RunInfo) -> RunInfo | None:
    return None if bounds.end_date is not None and info.run_after > bounds.end_date else info


def _before(moment: datetime, schedule: Cron | Delta) -> Interval:
    """The interval of the schedule's own length that ends at the moment."""
    start = _shifted(moment, -schedule.interval_months, -schedule.interval_length)
    return Interval(start, moment)


def _step(moment: datetime, schedule: Delta, *, back: bool = False) -> datetime:
    sign = -1 if back else 1
    return _shifted(moment, sign * schedule.months, sign * schedule.delta)


def _shifted(moment: datetime, months: int, rest: timedelta) -> datetime:
    if months:
        year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
        day = min(moment.day, monthrange(year, month + 1)[1])
        moment = moment.replace(year=year, month=month + 1, day=day)
    return moment + rest


def _latest_mark(schedule: Delta, now: datetime, start: datetime | None) -> datetime:
    """The last moment at which an interval ends: a whole number of steps since 1970.

    Months have no length. They are counted from the start, or from now where there is none.
    """
    if schedule.months:
        mark = start or now
        while (following := _step(mark, schedule)) <= now and following > mark:
            mark = following
        return mark
    step = schedule.delta.total_seconds()
    if step <= 0:
        raise InvalidInputError(
            f"a schedule of {schedule.delta} never comes to the next run; make it positive"
        )
    return datetime.fromtimestamp(now.timestamp() // step * step, UTC)


def _not_ours(schedule: Custom) -> InvalidInputError:
    return InvalidInputError(
        f"timetable {schedule.importable!r} is user code; evaluate it in a child process"
    )
