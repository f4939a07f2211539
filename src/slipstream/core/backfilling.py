"""What a backfill consists of, and what becomes of a run that is in its way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import MAXYEAR, MINYEAR, datetime

from slipstream.core.timetable import RunInfo
from slipstream.model.backfill import BackfillSkip, ReprocessBehavior
from slipstream.model.dag import DagSpec
from slipstream.model.errors import InvalidInputError
from slipstream.model.run import DagRun
from slipstream.model.schedule import (
    AnyCron,
    Cron,
    CronPartition,
    Custom,
    Delta,
    Events,
    by_the_clock,
)
from slipstream.model.states import RUN_FINISHED, RunState


def check_schedule(spec: DagSpec) -> None:
    """Raise `InvalidInputError` unless the clock gives the DAG runs again and again."""
    match by_the_clock(spec.schedule):
        case Custom(periodic=True):
            return
        case Cron() | AnyCron() | CronPartition() | Delta() | Events():
            return
    raise InvalidInputError(
        f"{spec.dag_id} has a non-periodic schedule that does not support backfills: no clock says "
        "for which dates it runs. Give it a schedule such as '@daily', or trigger its runs."
    )


def check_range(from_date: datetime, to_date: datetime, now: datetime) -> None:
    """Raise `InvalidInputError` for a stretch of time that is upside down, in the future, or so
    close to an end of the calendar that a schedule has no ticks beyond it."""
    if from_date > to_date:
        raise InvalidInputError(
            f"from_date ({from_date.isoformat()}) must not be after to_date "
            f"({to_date.isoformat()})."
        )
    if from_date.year <= MINYEAR or to_date.year >= MAXYEAR:
        raise InvalidInputError(
            f"The range [{from_date.isoformat()}, {to_date.isoformat()}] reaches an end of the "
            f"calendar; expected dates of the years {MINYEAR + 1} to {MAXYEAR - 1}."
        )
    if from_date >= now:
        raise InvalidInputError(
            f"Backfill cannot be executed for future dates: from_date is {from_date.isoformat()}."
        )


def check_past(spec: DagSpec, reprocess: ReprocessBehavior, *, backwards: bool) -> None:
    """Raise `InvalidInputError` where tasks need the runs before theirs to go first."""
    named = [task.task_id for task in spec.tasks.values() if task.depends_on_past]
    if not named:
        return
    if backwards:
        raise InvalidInputError(
            "Backfill cannot be run in reverse when the Dag has tasks where depends_on_past=True: "
            f"here {named[0]!r} is one."
        )
    if reprocess is ReprocessBehavior.NONE:
        raise InvalidInputError(
            f"Dag has tasks for which depends_on_past=True, such as {named[0]!r}. You must set "
            "reprocess behavior to reprocess completed or reprocess failed."
        )


def runs_to_make(runs: Iterable[RunInfo], now: datetime, *, backwards: bool) -> list[RunInfo]:
    """The runs of a stretch of time that a backfill makes, in its order: those whose data are
    there already."""
    found = [run for run in runs if run.interval is None or run.interval.end < now]
    return found[::-1] if backwards else found


def in_the_way(existing: DagRun | None, reprocess: ReprocessBehavior) -> BackfillSkip | None:
    """Why a date is left out: its run that is there already. None where a run is made, or the one
    that is there runs again."""
    if existing is None:
        return None
    if existing.state not in RUN_FINISHED:
        return BackfillSkip.IN_FLIGHT
    if reprocess is ReprocessBehavior.COMPLETED:
        return None
    if reprocess is ReprocessBehavior.FAILED and existing.state is RunState.FAILED:
        return None
    return BackfillSkip.ALREADY_EXISTS
