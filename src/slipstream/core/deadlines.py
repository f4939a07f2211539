"""When a run is due: the deadlines that are arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from slipstream.model.deadline import DeadlineKind, DeadlineSpec
from slipstream.model.run import DagRun


def due_at(
    deadline: DeadlineSpec, run: DagRun, durations: Sequence[timedelta], interval: timedelta
) -> datetime | None:
    """The moment by which the run has to be done; None where it has no such deadline.

    `durations` are those of the DAG's latest runs, newest first; `interval` is the deadline's own,
    or what a variable says. Deadlines by code of the author's are not reckoned here.
    """
    match deadline.kind:
        case DeadlineKind.LOGICAL_DATE:
            base = run.logical_date
        case DeadlineKind.QUEUED_AT:
            base = run.queued_at
        case DeadlineKind.FIXED:
            base = deadline.at
        case DeadlineKind.AVERAGE_RUNTIME:
            base = _after_average(deadline, run, durations)
        case DeadlineKind.CUSTOM:
            base = None
        case _:
            assert_never(deadline.kind)
    return None if base is None else base + interval


def is_renewed(deadline: DeadlineSpec) -> bool:
    """Whether a run that is queued again has this deadline anew."""
    if deadline.kind is DeadlineKind.CUSTOM:
        return deadline.when_queued
    return deadline.kind in (DeadlineKind.QUEUED_AT, DeadlineKind.AVERAGE_RUNTIME)


def _after_average(
    deadline: DeadlineSpec, run: DagRun, durations: Sequence[timedelta]
) -> datetime | None:
    some = durations[: deadline.max_runs]
    if not some or len(some) < deadline.min_runs or run.queued_at is None:
        return None
    return run.queued_at + sum(some, timedelta()) / len(some)
