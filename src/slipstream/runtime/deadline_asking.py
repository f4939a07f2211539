"""Asks the reference of a deadline that a DAG's author has written, in a process of the file."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from slipstream.model.deadline import DeadlineKind
from slipstream.sdk._times import in_utc
from slipstream.wire.questions import Answered, DeadlineQuestion

if TYPE_CHECKING:
    from slipstream.sdk._dag import DAG


def ask(question: DeadlineQuestion, dag: DAG) -> Answered:
    """The moment of the deadline: what the reference gives, and the alert's interval after it.

    Where a variable says the interval and the rest is known, the interval alone.
    """
    alert = dag.deadlines[question.index]
    interval = alert.interval_now()
    if alert.as_spec().kind is not DeadlineKind.CUSTOM:
        return Answered(interval_seconds=interval.total_seconds())
    run = question.run
    found = alert.reference.evaluate_with(
        session=None,
        interval=interval,
        dag_id=run.dag_id,
        run_id=run.run_id,
        logical_date=run.logical_date,
        queued_at=run.queued_at,
        run_after=run.run_after,
        run_type=run.run_type,
    )
    if found is None:
        return Answered()
    given: object = found
    if not isinstance(given, datetime) or given.tzinfo is None:
        raise TypeError(
            f"{alert.reference.reference_name} gave {found!r}. Expected a datetime with a time "
            "zone, or None for no deadline."
        )
    return Answered(moment=in_utc(found))
