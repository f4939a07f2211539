"""What an exception out of a task stands for."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from slipstream.model.attempt import (
    Attempt,
    AwaitsInput,
    Deferred,
    Failed,
    Outcome,
    Rescheduled,
    Skipped,
    Succeeded,
)
from slipstream.model.input import InputRequest, default_answer
from slipstream.model.states import TaskState
from slipstream.sdk._template_errors import note_of
from slipstream.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    DownstreamTasksSkipped,
    TaskAwaitingInput,
    TaskDeferred,
)
from slipstream.wire.values import encode_value, plain_value

_log = logging.getLogger("airflow.task")

_LONGEST_MESSAGE = 2000


def outcome_of(error: BaseException, asked: InputRequest | None = None) -> Outcome:
    """How the task has ended that raised this. `asked` is what the attempt has asked people."""
    match error:
        case AirflowSkipException():
            _log.info("Skipped: %s", error)
            return Skipped(message=str(error))
        case AirflowFailException() | AirflowSensorTimeout():
            return failed(error, retryable=False)
        case AirflowRescheduleException():
            return Rescheduled(at=_aware(error.reschedule_date), watched=error.watched)
        case TaskDeferred():
            return _deferred(error)
        case TaskAwaitingInput():
            return _awaits_input(error, asked)
        case DownstreamTasksSkipped():
            return Succeeded(skip=tuple(_task_id(task) for task in error.tasks))
        case _:
            return failed(error)


def failed(error: BaseException, *, retryable: bool = True) -> Failed:
    """A failure, with the exception in one line."""
    if isinstance(error, SystemExit):
        text = f"the task's code ended with sys.exit({error.code!r})"
    else:
        text = f"{type(error).__name__}: {error}".rstrip(": ")
    first = text.partition("\n")[0]
    if hasattr(error, "__notes__") and (where := note_of(error)):
        first = f"{first} ({where.removesuffix('.')})"
    return Failed(message=first[:_LONGEST_MESSAGE], retryable=retryable)


def with_details(
    outcome: Failed | Skipped | Succeeded, lengths: Mapping[str, int], map_index_name: str | None
) -> Outcome:
    """The outcome with what the task had pushed and called itself before it ended."""
    return replace(outcome, lengths=dict(lengths), rendered_map_index=map_index_name)


def will_retry(outcome: Failed, attempt: Attempt) -> bool:
    """Whether the task will be tried again after this failure."""
    return outcome.retryable and attempt.try_number <= attempt.max_tries


def state_after(outcome: Outcome, attempt: Attempt) -> TaskState:
    """The task instance's state, as its callbacks see it."""
    match outcome:
        case Succeeded():
            return TaskState.SUCCESS
        case Skipped():
            return TaskState.SKIPPED
        case Rescheduled():
            return TaskState.UP_FOR_RESCHEDULE
        case Deferred():
            return TaskState.DEFERRED
        case AwaitsInput():
            return TaskState.AWAITING_INPUT
        case Failed():
            return TaskState.UP_FOR_RETRY if will_retry(outcome, attempt) else TaskState.FAILED
        case _:
            return TaskState.RUNNING


def _deferred(error: TaskDeferred) -> Outcome:
    try:
        classpath, kwargs = error.trigger.serialize()
        timeout = error.timeout
        return Deferred(
            trigger_classpath=classpath,
            trigger_kwargs=encode_value(kwargs),
            method_name=error.method_name,
            method_kwargs=encode_value(error.kwargs or {}),
            timeout_at=None if timeout is None else datetime.now(UTC) + timeout,
            queue=error.queue,
        )
    except Exception as problem:  # noqa: BLE001 - the trigger is the user's code
        _log.exception("The task could not be deferred")
        return failed(problem)


def _awaits_input(error: TaskAwaitingInput, asked: InputRequest | None) -> Outcome:
    if asked is None:
        problem = AirflowException(
            "The task raised TaskAwaitingInput and has asked nobody anything: call "
            "upsert_hitl_detail before, or use one of the HITL operators."
        )
        return failed(problem, retryable=False)
    try:
        timeout = error.timeout
        return AwaitsInput(
            method_name=error.method_name,
            method_kwargs=encode_value(error.kwargs or {}),
            default=default_of(asked),
            timeout_at=None if timeout is None else datetime.now(UTC) + timeout,
        )
    except Exception as problem:  # noqa: BLE001 - the arguments are the user's
        _log.exception("The task could not wait for an answer")
        return failed(problem)


def default_of(asked: InputRequest) -> str:
    """What counts as the answer where nobody gives one in time; `null` where nothing does."""
    if asked.defaults is None:
        return "null"
    values = {
        name: param.get("value") if isinstance(param, Mapping) else param
        for name, param in asked.params.items()
    }
    return default_answer(asked.defaults, plain_value(values))


def _task_id(task: str | tuple[str, int] | Any) -> str:
    return task if isinstance(task, str) else str(task[0])


def _aware(moment: datetime) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
