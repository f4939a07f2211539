"""What becomes of runs and instances that people clear and mark: values to values.

Every store does with them what it likes; what they are afterwards is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from slipstream.model.dag import DagSpec
from slipstream.model.errors import InvalidInputError
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import FINISHED, LIVE, RUN_FINISHED, RunState, TaskState

_MARKS = (TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED)
_UNDER_WAY = frozenset(
    {
        TaskState.QUEUED,
        TaskState.RUNNING,
        TaskState.DEFERRED,
        TaskState.AWAITING_INPUT,
        TaskState.UP_FOR_RESCHEDULE,
    }
)
"""States of an instance whose try has begun: it ends as its run is marked. Others are skipped."""


def check_clear_to(state: RunState | None) -> None:
    """Raises `InvalidInputError` unless a run with cleared tasks can be in that state."""
    if state in RUN_FINISHED:
        raise InvalidInputError(
            f"A run with cleared tasks cannot be {state.value!r}: choose 'queued' or 'running'."
        )


def check_mark(state: TaskState) -> None:
    """Raises `InvalidInputError` unless instances can be marked so."""
    if state not in _MARKS:
        raise InvalidInputError(
            f"A task instance cannot be marked as {state.value!r}: choose one of "
            f"{', '.join(mark.value for mark in _MARKS)}."
        )


def check_run_mark(state: RunState) -> None:
    """Raises `InvalidInputError` unless runs can be marked so."""
    if state is RunState.RUNNING:
        raise InvalidInputError(
            "A run cannot be marked as 'running': mark it as 'queued' and the scheduler starts it."
        )


def reruns_latest(latest: DagSpec, asked: bool | None) -> bool:
    """Whether what is cleared runs with the DAG's latest version: as asked, or as the DAG says."""
    return asked if asked is not None else latest.details.get("rerun_with_latest_version") is True


def clear_instance(instance: TaskInstance, spec: DagSpec) -> TaskInstance:
    """The instance as it starts over; one that is live does so when its process is gone."""
    task = spec.tasks.get(instance.task_id)
    max_tries = instance.try_number + (task.retries if task is not None else 0)
    if instance.state in LIVE:
        return replace(
            instance,
            state=TaskState.RESTARTING,
            max_tries=max_tries,
            reason="Cleared while it was running.",
        )
    return TaskInstance(
        run_pk=instance.run_pk,
        task_id=instance.task_id,
        map_index=instance.map_index,
        try_number=instance.try_number,
        max_tries=max_tries,
        note=instance.note,
        reason="Cleared.",
    )


def reopen_run(run: DagRun, state: RunState | None, now: datetime) -> DagRun:
    """The run after instances of it were cleared; one that has not ended goes on, and one that has
    stays so where no state is given."""
    counted = replace(run, clear_number=run.clear_number + 1)
    if state is None or run.state not in RUN_FINISHED:
        return counted
    return replace(
        counted,
        state=state,
        queued_at=now,
        start_date=None,
        end_date=None,
        reason="Tasks of it were cleared.",
    )


def mark_instance(
    instance: TaskInstance, state: TaskState, now: datetime, reason: str | None = None
) -> TaskInstance:
    """The instance after somebody marked it."""
    reason = reason or f"Marked as {state.value} by hand."
    if instance.state in FINISHED:
        return replace(instance, state=state, reason=reason)
    return replace(
        instance,
        state=state,
        # Whatever the attempt still reports is refused.
        attempt_id=None,
        not_before=None,
        start_date=instance.start_date or now,
        end_date=now,
        reason=reason,
    )


def mark_run(
    run: DagRun, instances: Sequence[TaskInstance], spec: DagSpec, state: RunState, now: datetime
) -> tuple[DagRun, list[TaskInstance]]:
    """The run after somebody marked it, and those of its instances that this changes."""
    if state is RunState.QUEUED:
        queued = replace(run, state=state, queued_at=now, start_date=None, end_date=None)
        return replace(queued, reason="Queued by hand."), []
    of_live = TaskState.SUCCESS if state is RunState.SUCCESS else TaskState.FAILED
    reason = f"The run was marked as {state.value} by hand."
    ended = [
        mark_instance(instance, mark, now, reason)
        for instance in instances
        if (mark := _when_ended(instance.state, of_live)) is not None
        and not _must_run(instance, spec)
    ]
    # Teardown that is still due runs on, and the scheduler ends the run after it.
    if not any(_must_run(instance, spec) for instance in instances):
        run = replace(run, state=state, end_date=now, reason=f"Marked as {state.value} by hand.")
    return run, ended


def _when_ended(state: TaskState, of_live: TaskState) -> TaskState | None:
    """What an instance becomes when its run is marked; None where it stays as it ended."""
    if state in FINISHED:
        return None
    return of_live if state in _UNDER_WAY else TaskState.SKIPPED


def _must_run(instance: TaskInstance, spec: DagSpec) -> bool:
    task = spec.tasks.get(instance.task_id)
    return task is not None and task.is_teardown and instance.state not in FINISHED
