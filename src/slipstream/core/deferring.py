"""Instances that wait on a trigger: how they come to, and how they go on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from slipstream.core import reasons
from slipstream.core.assets import declared
from slipstream.core.codes import DEFERRED
from slipstream.core.failing import fail
from slipstream.core.pauses import pause
from slipstream.core.progress import TaskProgress
from slipstream.core.records import Record
from slipstream.core.run_progress import RunProgress
from slipstream.core.transitions import TaskEvent
from slipstream.model.attempt import Deferred, Failed
from slipstream.model.changes import (
    AssetsUpdated,
    DeferralKept,
    Refused,
    TimerSet,
    TriggerDropped,
    TriggerWanted,
)
from slipstream.model.deferral import (
    TRIGGER_FAILED,
    Broken,
    Deferral,
    EndsTask,
    Fired,
    StartTrigger,
    TriggerEnd,
)
from slipstream.model.events import TimerFired, TimerKind, TriggerEnded
from slipstream.model.states import TaskState

TRIGGER_TIMEOUT = "Trigger timeout"
TRIGGER_FAILURE = "Trigger failure"
"""What the failed task is told, in Airflow's words."""

_ENDS = {
    TaskState.SUCCESS: TaskEvent.SUCCEED,
    TaskState.SKIPPED: TaskEvent.SKIP,
}


def defer(
    run: RunProgress, task: TaskProgress, index: int, record: Record, outcome: Deferred
) -> None:
    """The attempt has ended with a wish to wait."""
    _wait(
        run,
        task,
        index,
        record,
        classpath=outcome.trigger_classpath,
        kwargs=outcome.trigger_kwargs,
        timeout_at=outcome.timeout_at,
        queue=outcome.queue,
        next_method=outcome.method_name,
        next_kwargs=outcome.method_kwargs,
    )


def start_deferred(
    run: RunProgress, task: TaskProgress, index: int, record: Record, start: StartTrigger
) -> None:
    """The try begins by waiting: no process is started for the attempt that was just queued."""
    record.start_date = run.at
    _wait(
        run,
        task,
        index,
        record,
        classpath=start.classpath,
        kwargs=start.kwargs,
        timeout_at=None if start.timeout is None else run.at + start.timeout,
        queue=None,
        next_method=start.next_method,
        next_kwargs=start.next_kwargs,
    )


def want_trigger(run: RunProgress, task: TaskProgress, index: int, deferral: Deferral) -> None:
    """Have the trigger run, and the wait limited."""
    key = task.key(index)
    run.out.append(TriggerWanted(key, deferral))
    if deferral.timeout_at is not None:
        run.out.append(TimerSet(TimerKind.TRIGGER_TIMEOUT, deferral.timeout_at, key))


def end_wait(
    run: RunProgress, task: TaskProgress, index: int, event: TriggerEnded
) -> TaskEvent | None:
    """The trigger has ended; gives what that was for the instance, None where it is refused."""
    record = task.records.get(index)
    waits = record is not None and task.states[index] == DEFERRED
    deferral = record.deferral if waits and record is not None else None
    if record is None or deferral is None or deferral.attempt_id != event.attempt_id:
        latest = deferral.attempt_id if deferral is not None else "none"
        reason = f"The deferral that counts is {latest}."
        run.out.append(Refused(event.key, event.attempt_id, reason))
        run.out.append(TriggerDropped(event.key, event.attempt_id))
        return None
    match event.end:
        case Fired():
            after = replace(deferral, event=event.end.payload)
            _go_on(run, task, index, record, after, reasons.TRIGGER_FIRED, event.end)
        case Broken():
            reason = reasons.trigger_failed(event.end.error)
            after = _failing(deferral, TRIGGER_FAILURE, _told_of(event.end))
            _go_on(run, task, index, record, after, reason, event.end)
        case EndsTask():
            step = _end(run, task, index, record, deferral, event.end)
            counted = event.end
            if step is TaskEvent.RETRY:
                counted = EndsTask(state=TaskState.UP_FOR_RETRY)
            run.out.append(TriggerDropped(event.key, event.attempt_id, counted))
            return step
        case _:
            assert_never(event.end)
    return TaskEvent.READY


def _end(
    run: RunProgress,
    task: TaskProgress,
    index: int,
    record: Record,
    deferral: Deferral,
    end: EndsTask,
) -> TaskEvent:
    """The trigger ends the try; one that failed may be followed by another."""
    reason = reasons.ended_by_trigger(end.state, deferral.classpath)
    if end.state is TaskState.FAILED:
        return fail(run, task, index, record, Failed(message=reason, xcoms=end.xcoms))
    step = _ENDS[end.state]
    task.note_lengths({}, end.xcoms)
    run.end(task, index, step, reason, end.xcoms)
    if end.state is TaskState.SUCCESS and (updates := declared(task.node.spec)):
        run.out.append(AssetsUpdated(task.key(index), updates))
    return step


def time_out_wait(run: RunProgress, task: TaskProgress, index: int, event: TimerFired) -> None:
    """The time to wait may be over: then the task goes on, to fail by it."""
    record = task.records.get(index)
    deferral = None if record is None else record.deferral
    if record is None or deferral is None or task.states[index] != DEFERRED:
        return
    if deferral.timeout_at is None or deferral.timeout_at > event.at:
        return
    given = (deferral.timeout_at - deferral.created_at).total_seconds()
    after = _failing(deferral, TRIGGER_TIMEOUT, {"given_seconds": given})
    _go_on(run, task, index, record, after, reasons.trigger_timed_out(deferral.timeout_at))


def _wait(
    run: RunProgress,
    task: TaskProgress,
    index: int,
    record: Record,
    *,
    classpath: str,
    kwargs: str,
    timeout_at: datetime | None,
    queue: str | None,
    next_method: str,
    next_kwargs: str,
) -> None:
    deferral = Deferral(
        attempt_id=record.attempt_id or "",
        classpath=classpath,
        kwargs=kwargs,
        created_at=run.at,
        timeout_at=_earliest(task, record, timeout_at, run.at),
        queue=queue,
        next_method=next_method,
        next_kwargs=next_kwargs,
    )
    record.deferral = deferral
    reason = reasons.deferred(deferral.classpath, deferral.created_at)
    pause(run, task, index, record, TaskEvent.DEFER, reason)
    run.out.append(DeferralKept(task.key(index), deferral))
    want_trigger(run, task, index, deferral)


def _go_on(
    run: RunProgress,
    task: TaskProgress,
    index: int,
    record: Record,
    after: Deferral,
    reason: str,
    counted: TriggerEnd | None = None,
) -> None:
    key = task.key(index)
    record.deferral = after
    run.ready(task, index, reason)
    run.out.append(DeferralKept(key, after))
    run.out.append(TriggerDropped(key, after.attempt_id, counted))


def _told_of(end: Broken) -> dict[str, object]:
    return {"cause": end.error, **({"traceback": end.traceback} if end.traceback else {})}


def _failing(deferral: Deferral, error: str, more: dict[str, object]) -> Deferral:
    """The task goes on to fail. Airflow's operators read `error` and `traceback` alone."""
    told: dict[str, object] = {"error": error, "trigger": deferral.classpath, **more}
    return replace(deferral, next_method=TRIGGER_FAILED, next_kwargs=json.dumps(told), event=None)


def _earliest(
    task: TaskProgress, record: Record, timeout_at: datetime | None, now: datetime
) -> datetime | None:
    """The wait's own limit, or that of the whole try where it comes first."""
    limit = task.node.spec.execution_timeout
    if limit is None:
        return timeout_at
    at = (record.start_date or now) + limit
    return at if timeout_at is None else min(at, timeout_at)
