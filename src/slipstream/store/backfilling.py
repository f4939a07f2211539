"""A backfill that somebody asks for: whether it may be, and which dates it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from slipstream.core.backfilling import (
    check_past,
    check_range,
    check_schedule,
    in_the_way,
    runs_to_make,
)
from slipstream.core.timetable import Interval, RunInfo, runs_between
from slipstream.model.backfill import ReprocessBehavior
from slipstream.model.dag import DagSpec
from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.json import JsonValue
from slipstream.model.schedule import Custom, by_the_clock
from slipstream.model.states import RunType
from slipstream.store.backfill_records import NewBackfill
from slipstream.store.interface import Store
from slipstream.store.records import (
    DagRecord,
)
from slipstream.store.triggering import AskTimetable, check_conf
from slipstream.wire.questions import TimetableAsk, TimetableQuestion

MAX_DATES: Final = 100_000
"""More dates than a backfill may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRequest:
    """What somebody wants to backfill."""

    from_date: datetime
    to_date: datetime
    conf: Mapping[str, JsonValue] | None = None
    reprocess: ReprocessBehavior = ReprocessBehavior.NONE
    max_active_runs: int = 10
    run_backwards: bool = False
    on_latest_version: bool | None = None
    """None leaves it to the DAG, and for those that say nothing it is so."""
    user: str | None = None


def requested_backfill(
    dag: DagRecord, request: BackfillRequest, now: datetime, ask: AskTimetable | None
) -> tuple[NewBackfill, Sequence[RunInfo]]:
    """The backfill to create, and its dates in its order.

    `ask` puts questions to timetables of users. Raises `NotFoundError` for a DAG that is gone, and
    `InvalidInputError` for one that has no backfills, for dates and a conf that cannot be, and
    where there are no dates.
    """
    spec = dag.latest.spec
    if dag.is_stale:
        raise NotFoundError(f"Could not find dag {dag.dag_id}: it is no longer in {dag.fileloc}.")
    if request.max_active_runs < 1:
        raise InvalidInputError(
            f"max_active_runs is {request.max_active_runs}; expected at least 1."
        )
    check_schedule(spec)
    check_allowed(spec)
    check_range(request.from_date, request.to_date, now)
    check_past(spec, request.reprocess, backwards=request.run_backwards)
    if request.conf is not None:
        check_conf(spec, request.conf, dag.latest.version_id)
    runs = runs_to_make(_runs(dag, request, ask), now, backwards=request.run_backwards)
    latest = request.on_latest_version
    if latest is None:
        latest = spec.details.get("rerun_with_latest_version") is not False
    new = NewBackfill(
        dag_id=dag.dag_id,
        from_date=request.from_date,
        to_date=request.to_date,
        conf=request.conf,
        reprocess=request.reprocess,
        max_active_runs=request.max_active_runs,
        run_backwards=request.run_backwards,
        on_latest_version=latest,
        triggering_user=request.user,
    )
    return new, runs


def check_allowed(spec: DagSpec) -> None:
    """Raise `InvalidInputError` for a DAG that does not let itself be backfilled."""
    if spec.allowed_run_types is not None and RunType.BACKFILL not in spec.allowed_run_types:
        raise InvalidInputError(
            f"Dag with dag_id: '{spec.dag_id}' does not allow backfill runs; it allows "
            f"{', '.join(spec.allowed_run_types)} runs."
        )


def require_dates(new: NewBackfill, runs: Sequence[RunInfo]) -> None:
    """Raise `InvalidInputError` where there is nothing to make."""
    if not runs:
        raise InvalidInputError(
            f"No runs to create for Dag {new.dag_id} in the range [{new.from_date.isoformat()}, "
            f"{new.to_date.isoformat()}]: no run of its schedule falls into it, or none of which "
            "the data interval is over."
        )


def dates_to_run(store: Store, new: NewBackfill, runs: Sequence[RunInfo]) -> list[RunInfo]:
    """Those of the dates that would get a run now, or whose run would run again: a dry run."""
    there = store.runs_of_dates(new.dag_id, runs)
    return [
        info
        for info, existing in zip(runs, there, strict=True)
        if in_the_way(existing, new.reprocess) is None
    ]


def _runs(dag: DagRecord, request: BackfillRequest, ask: AskTimetable | None) -> list[RunInfo]:
    schedule = dag.latest.spec.schedule
    if isinstance(by_the_clock(schedule), Custom):
        return _asked(dag, request, ask)
    found = []
    for run in runs_between(by_the_clock(schedule), request.from_date, request.to_date):
        found.append(run)
        if len(found) > MAX_DATES:
            raise _too_many()
    return found


def _asked(dag: DagRecord, request: BackfillRequest, ask: AskTimetable | None) -> list[RunInfo]:
    """What the DAG's own timetable says."""
    if ask is None:
        raise InvalidInputError(
            f"The timetable of {dag.dag_id} is code of its DAG file, and this server runs none. "
            "Use `slipstream backfill create`, or a server that has the scheduler in it."
        )
    question = TimetableQuestion(
        dag_id=dag.dag_id,
        ask=TimetableAsk.BETWEEN,
        earliest=request.from_date,
        at=request.to_date,
        most=MAX_DATES,
    )
    answer = ask(question, dag.latest.version_id)
    if answer.error is not None:
        raise InvalidInputError(
            f"The timetable of {dag.dag_id} could not say which runs there are: {answer.error}"
        )
    if not answer.is_all:
        raise _too_many()
    return [
        RunInfo(
            run_after=run.run_after,
            interval=None
            if run.interval_start is None or run.interval_end is None
            else Interval(run.interval_start, run.interval_end),
            partition_key=run.partition_key,
            partition_date=run.partition_date,
        )
        for run in answer.runs
    ]


def _too_many() -> InvalidInputError:
    return InvalidInputError(
        f"There are more than {MAX_DATES:,} runs in that range: backfill a shorter one first."
    )
