"""What an exception out of a task stands for."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from slipstream.model.attempt import (
    Attempt,
    Deferred,
    Failed,
    Outcome,
    Rescheduled,
    Skipped,
    Succeeded,
)
from slipstream.model.states import TaskState
from slipstream.sdk._template_errors import note_of
from slipstream.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    DownstreamTasksSkipped,
    TaskDeferred,
)
from slipstream.wire.values import encode_value

_log = logging.getLogger("airflow.task")

_LONGEST_MESSAGE = 2000


def outcome_of(error: BaseException) -> Outcome:
    """How the task has ended that raised this."""
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


def _task_id(task: str | tuple[str, int] | Any) -> str:
    return task if isinstance(task, str) else str(task[0])


def _aware(moment: datetime) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
