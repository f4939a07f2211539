"""Asks the timetable of a DAG that its author has written; runs in a process of the DAG's file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from slipstream.model.states import RunType
from slipstream.sdk._clock_timetable import pendulum_of
from slipstream.sdk._times import for_user, in_utc
from slipstream.sdk._timetable import DagRunInfo, DataInterval, TimeRestriction, Timetable
from slipstream.sdk.exceptions import AirflowTimetableInvalid
from slipstream.wire.questions import Answered, PlannedRun, TimetableAsk, TimetableQuestion

if TYPE_CHECKING:
    from slipstream.sdk._dag import DAG


def ask(question: TimetableQuestion, dag: DAG) -> Answered:
    """What the timetable says. Raises whatever it raises, and for an answer that is none."""
    timetable = _of_the_clock(dag.timetable)
    match question.ask:
        case TimetableAsk.MANUAL:
            return Answered(runs=[_manual(timetable, question)])
        case TimetableAsk.NEXT:
            return Answered(runs=list(_next_runs(timetable, question)))
        case TimetableAsk.BETWEEN:
            found = list(islice(_runs_between(timetable, question), question.most + 1))
            return Answered(runs=found[: question.most], is_all=len(found) <= question.most)


def _of_the_clock(timetable: Timetable) -> Timetable:
    """The part that the clock decides, of a timetable that waits for assets besides."""
    inner = getattr(timetable, "timetable", None)
    return inner if isinstance(inner, Timetable) else timetable


def _manual(timetable: Timetable, question: TimetableQuestion) -> PlannedRun:
    at = pendulum_of(question.at)
    interval = timetable.infer_manual_data_interval(run_after=at)
    return _planned(timetable, DagRunInfo(at, interval), names=False)


def _next_runs(timetable: Timetable, question: TimetableQuestion) -> Iterator[PlannedRun]:
    restriction = TimeRestriction(
        for_user(question.earliest), for_user(question.latest), question.catchup
    )
    last = None if question.last is None else _known(question.last)
    for _ in range(question.most):
        info = timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=restriction)
        if info is None:
            return
        planned = _planned(timetable, info)
        if last is not None and info[:2] == last[:2]:
            raise AirflowTimetableInvalid(
                f"{type(timetable).__name__}.next_dagrun_info() gave the run at "
                f"{planned.run_after.isoformat()} again, which it was told was the last one."
            )
        yield planned
        if planned.run_after > question.at:
            return
        last = info


def _runs_between(timetable: Timetable, question: TimetableQuestion) -> Iterator[PlannedRun]:
    earliest = pendulum_of(question.earliest or question.at)
    latest = pendulum_of(question.at)
    infos: Iterable[DagRunInfo]
    if timetable.partitioned:
        infos = timetable.iter_partition_dagrun_infos(earliest=earliest, latest=latest)
    else:
        infos = _following(timetable, TimeRestriction(earliest, latest, catchup=True))
    for info in infos:
        yield _planned(timetable, info, names=False)


def _following(timetable: Timetable, restriction: TimeRestriction) -> Iterator[DagRunInfo]:
    last = None
    while True:
        info = timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=restriction)
        if info is None or info == last:
            return
        yield info
        last = info


def _known(run: PlannedRun) -> DagRunInfo:
    start, end = run.interval_start, run.interval_end
    interval = (
        None if start is None or end is None else DataInterval(pendulum_of(start), pendulum_of(end))
    )
    return DagRunInfo(
        pendulum_of(run.run_after), interval, for_user(run.partition_date), run.partition_key
    )


def _planned(timetable: Timetable, info: DagRunInfo, *, names: bool = True) -> PlannedRun:
    """The answer, checked, as plain values."""
    given: object = info
    if not isinstance(given, DagRunInfo):
        raise AirflowTimetableInvalid(
            f"{type(timetable).__name__}.next_dagrun_info() gave {info!r}. Expected a DagRunInfo, "
            "or None for never again."
        )
    interval = info.data_interval
    if interval is None and info.partition_key is None:
        raise AirflowTimetableInvalid(
            f"{type(timetable).__name__} gave a run with neither a data_interval nor a "
            "partition_key. Expected one of them."
        )
    start = interval and _moment(timetable, interval.start, "data_interval.start")
    end = interval and _moment(timetable, interval.end, "data_interval.end")
    if start is not None and end is not None and end < start:
        raise AirflowTimetableInvalid(
            f"{type(timetable).__name__} gave a data_interval that ends at {end.isoformat()}, "
            f"before it starts at {start.isoformat()}."
        )
    return PlannedRun(
        run_after=_moment(timetable, info.run_after, "run_after"),
        interval_start=start,
        interval_end=end,
        partition_key=info.partition_key,
        partition_date=in_utc(info.partition_date),
        run_id=_run_id(timetable, info) if names else None,
    )


def _run_id(timetable: Timetable, info: DagRunInfo) -> str | None:
    """The run's id, where the timetable has a way of its own to name runs."""
    if type(timetable).generate_run_id is Timetable.generate_run_id:
        return None
    return timetable.generate_run_id(
        run_type=RunType.SCHEDULED,
        run_after=info.run_after,
        data_interval=info.data_interval,
        partition_key=info.partition_key,
    )


def _moment(timetable: Timetable, value: object, what: str) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise AirflowTimetableInvalid(
            f"{type(timetable).__name__} gave {value!r} as {what}. Expected a datetime with a time "
            "zone, as pendulum makes them."
        )
    found = in_utc(value)
    assert found is not None, "a moment is never None"
    return found
