"""What an attempt's reports do to its instance."""

from __future__ import annotations

from typing import Final, assert_never

from slipstream.core import reasons
from slipstream.core.awaiting import await_input
from slipstream.core.codes import (
    LIVE_CODES,
    NONE,
    QUEUED,
    RESTARTING,
    STEPS,
    raise_impossible,
)
from slipstream.core.deferring import defer, start_deferred
from slipstream.core.failing import fail
from slipstream.core.frozen import ready, released, task_instance
from slipstream.core.pauses import pause, release
from slipstream.core.progress import TaskProgress
from slipstream.core.records import Record
from slipstream.core.retries import MAX_LOSSES
from slipstream.core.run_progress import RunProgress
from slipstream.core.stopping import skip_downstream
from slipstream.core.transitions import TaskEvent, TransitionError
from slipstream.model.attempt import (
    AwaitsInput,
    Cancelled,
    Deferred,
    Failed,
    Lost,
    Rescheduled,
    Skipped,
    Succeeded,
)
from slipstream.model.changes import (
    AssetsUpdated,
    AttemptCancelled,
    CallbackOwed,
    FieldsRendered,
    Refused,
    TimerSet,
)
from slipstream.model.events import Admitted, AttemptEnded, AttemptStarted, TimerKind
from slipstream.model.states import TaskState

_ADMIT: Final = STEPS[TaskEvent.ADMIT]


def admit(run: RunProgress, task: TaskProgress, index: int, event: Admitted) -> None:
    """The instance has its places: an attempt is queued."""
    states = task.states
    if _ADMIT[states[index]] < 0:
        raise_impossible(states[index], TaskEvent.ADMIT)
    states[index] = QUEUED
    record = task.record(index)
    begins = record.attempt_id is None
    if record.scheduled_at is None and task.ready_at is not None:
        scope = index // task.width
        one_each = task.width == 1
        at = task.ready_at.pop(scope, None) if one_each else task.ready_at.get(scope)
        record.scheduled_at = at
    if begins:
        record.try_number += 1
    record.attempt_id = event.attempt_id
    record.queued_at = event.at
    record.holds_places = True
    reason = reasons.queued(record.try_number, record.max_tries)
    run.note(event.key, record, TaskState.QUEUED, reason)
    if begins and task.node.spec.start_trigger is not None:
        start_deferred(run, task, index, record, task.node.spec.start_trigger)


def begin(run: RunProgress, task: TaskProgress, index: int, event: AttemptStarted) -> None:
    """The attempt's process has begun."""
    record = _current(run, task, index, event)
    if record is None or run.step(task, index, TaskEvent.START) == RESTARTING:
        return
    if record.start_date is None:
        record.start_date = event.at
    record.hostname = event.hostname
    record.pid = event.pid
    reason = reasons.started(record.try_number, record.max_tries)
    run.note(event.key, record, TaskState.RUNNING, reason)


def finish(run: RunProgress, task: TaskProgress, index: int, event: AttemptEnded) -> TaskEvent:
    """The attempt is over; gives what that was for the instance."""
    outcome = event.outcome
    record = _current(run, task, index, event)
    if record is None:
        return TaskEvent.CANCEL
    if event.rendered:
        run.out.append(FieldsRendered(event.key, event.attempt_id, event.rendered))
    if task.states[index] == RESTARTING:
        return _cancelled(run, task, index, record, reasons.CLEARED)
    match outcome:
        case Succeeded():
            record.rendered_map_index = outcome.rendered_map_index
            if task.node.sized_keys:
                task.note_lengths(outcome.lengths, outcome.xcoms)
            reason = reasons.succeeded(record.try_number)
            run.end(task, index, TaskEvent.SUCCEED, reason, outcome.xcoms)
            if outcome.updates:
                run.out.append(AssetsUpdated(event.key, outcome.updates))
            if outcome.skip or outcome.skip_all_downstream:
                skip_downstream(run, task, index, outcome)
            return TaskEvent.SUCCEED
        case Failed():
            record.rendered_map_index = outcome.rendered_map_index
            return fail(run, task, index, record, outcome)
        case Skipped():
            record.rendered_map_index = outcome.rendered_map_index
            if task.node.sized_keys:
                task.note_lengths(outcome.lengths, outcome.xcoms)
            reason = reasons.skipped_itself(outcome.message)
            run.end(task, index, TaskEvent.SKIP, reason, outcome.xcoms)
            return TaskEvent.SKIP
        case Rescheduled():
            run.forget_deferral(event.key, record)
            record.reschedules += 1
            record.not_before = outcome.at
            reason = reasons.rescheduled(outcome.at)
            pause(run, task, index, record, TaskEvent.RESCHEDULE, reason)
            run.out.append(TimerSet(TimerKind.RESCHEDULE, outcome.at, task.key(index)))
            return TaskEvent.RESCHEDULE
        case Deferred():
            defer(run, task, index, record, outcome)
            return TaskEvent.DEFER
        case AwaitsInput():
            await_input(run, task, index, record, outcome)
            return TaskEvent.AWAIT_INPUT
        case Lost():
            return _lost(run, task, index, record, outcome)
        case Cancelled():
            return _cancelled(run, task, index, record, outcome.message or reasons.CLEARED)
    assert_never(outcome)


def cancel_restarting(run: RunProgress, task: TaskProgress, index: int) -> None:
    """Ask for the end of an attempt whose instance was cleared meanwhile."""
    record = task.records[index]
    run.out.append(
        AttemptCancelled(task.key(index), record.attempt_id or "", "The task was cleared.")
    )


def _current(
    run: RunProgress, task: TaskProgress, index: int, event: AttemptStarted | AttemptEnded
) -> Record | None:
    """The record, if the report comes from the attempt that counts; otherwise it is refused."""
    attempt_id = event.attempt_id
    record = task.records.get(index)
    if (
        record is not None
        and record.attempt_id == attempt_id
        and task.states[index] in LIVE_CODES
        and attempt_id not in run.leaving
    ):
        return record
    if isinstance(event, AttemptEnded) and run.leaving.pop(attempt_id, None) is not None:
        run.out.append(released(event.key))
    else:
        latest = None if record is None else record.attempt_id
        run.out.append(
            Refused(event.key, attempt_id, f"The attempt that counts is {latest or 'none'}.")
        )
    return None


def _lost(
    run: RunProgress, task: TaskProgress, index: int, record: Record, outcome: Lost
) -> TaskEvent:
    record.losses += 1
    if record.losses > MAX_LOSSES:
        message = reasons.lost_too_often(outcome.message, record.losses)
        value = task_instance(run.run_pk, task.key(index), TaskState.RUNNING, record, message)
        run.out.append(CallbackOwed(False, message, value))
        return fail(run, task, index, record, Failed(message=message))
    run.step(task, index, TaskEvent.LOSE)
    reason = reasons.lost(outcome.message, record.losses)
    record.scheduled_at = run.at
    record.queued_at = None
    if not record.reschedules and record.deferral is None:
        record.start_date = None
    run.note(task.key(index), record, TaskState.SCHEDULED, reason)
    release(run, task, index, record)
    run.out.append(ready(task.key(index)))
    return TaskEvent.LOSE


def _cancelled(
    run: RunProgress, task: TaskProgress, index: int, record: Record, reason: str
) -> TaskEvent:
    if run.step(task, index, TaskEvent.CANCEL) != NONE:
        raise TransitionError(f"{task.key(index)} was cancelled and is not pending")
    record.end_date = run.at
    record.scheduled_at = None
    task.needs_are_met = not task.node.needs
    run.forget_deferral(task.key(index), record)
    run.note(task.key(index), record, TaskState.NONE, reason)
    release(run, task, index, record)
    run.touch(task)
    return TaskEvent.CANCEL
