"""Instances that wait for people to answer: how they come to, and how they go on."""

from __future__ import annotations

from dataclasses import replace

from slipstream.core import reasons
from slipstream.core.codes import AWAITING_INPUT
from slipstream.core.pauses import pause
from slipstream.core.progress import TaskProgress
from slipstream.core.records import Record
from slipstream.core.run_progress import RunProgress
from slipstream.core.transitions import TaskEvent
from slipstream.model.attempt import AwaitsInput
from slipstream.model.changes import DeferralKept, InputTimedOut, InputWanted, Refused, TimerSet
from slipstream.model.deferral import BY_PEOPLE, Deferral
from slipstream.model.events import InputGiven, TimerFired, TimerKind
from slipstream.model.input import answer_event, timeout_event


def await_input(
    run: RunProgress, task: TaskProgress, index: int, record: Record, outcome: AwaitsInput
) -> None:
    """The attempt has ended with a question to people."""
    deferral = Deferral(
        attempt_id=record.attempt_id or "",
        classpath=BY_PEOPLE,
        kwargs=outcome.default,
        created_at=run.at,
        timeout_at=outcome.timeout_at,
        next_method=outcome.method_name,
        next_kwargs=outcome.method_kwargs,
    )
    record.deferral = deferral
    reason = reasons.awaits_input(deferral.created_at, deferral.timeout_at)
    pause(run, task, index, record, TaskEvent.AWAIT_INPUT, reason)
    run.out.append(DeferralKept(task.key(index), deferral))
    want_input(run, task, index, deferral)


def want_input(run: RunProgress, task: TaskProgress, index: int, deferral: Deferral) -> None:
    """Have an answer told that is there, or comes, and the wait limited."""
    key = task.key(index)
    run.out.append(InputWanted(key, deferral.attempt_id))
    if deferral.timeout_at is not None:
        run.out.append(TimerSet(TimerKind.INPUT_TIMEOUT, deferral.timeout_at, key))


def take_input(run: RunProgress, task: TaskProgress, index: int, event: InputGiven) -> None:
    """Somebody has answered: the task goes on."""
    record, deferral = _waiting(task, index)
    if record is None or deferral is None or deferral.attempt_id != event.attempt_id:
        latest = deferral.attempt_id if deferral is not None else "none"
        reason = f"The question that counts is that of {latest}."
        run.out.append(Refused(event.key, event.attempt_id, reason))
        return
    _go_on(run, task, index, replace(deferral, event=event.payload), reasons.INPUT_GIVEN)


def time_out_input(run: RunProgress, task: TaskProgress, index: int, event: TimerFired) -> None:
    """The time to answer may be over: the task goes on with its defaults, or to fail."""
    _, deferral = _waiting(task, index)
    if deferral is None or deferral.timeout_at is None or deferral.timeout_at > event.at:
        return
    default = None if deferral.kwargs == "null" else deferral.kwargs
    told = timeout_event() if default is None else answer_event(default, event.at, None)
    run.out.append(InputTimedOut(task.key(index), deferral.attempt_id, event.at, default))
    reason = reasons.input_timed_out(deferral.timeout_at, has_defaults=default is not None)
    _go_on(run, task, index, replace(deferral, event=told), reason)


def _waiting(task: TaskProgress, index: int) -> tuple[Record | None, Deferral | None]:
    record = task.records.get(index)
    waits = record is not None and task.states[index] == AWAITING_INPUT
    return record, record.deferral if record is not None and waits else None


def _go_on(run: RunProgress, task: TaskProgress, index: int, after: Deferral, reason: str) -> None:
    task.record(index).deferral = after
    run.ready(task, index, reason)
    run.out.append(DeferralKept(task.key(index), after))
