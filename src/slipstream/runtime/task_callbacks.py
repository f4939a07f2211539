"""Callbacks of tasks and DAGs. One that fails is logged and changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from slipstream.model.attempt import Attempt, Failed, Outcome, Skipped, Succeeded
from slipstream.model.states import TaskState
from slipstream.runtime import alert_mails, task_listeners
from slipstream.runtime.task_endings import will_retry
from slipstream.sdk._listeners import is_anybody_listening
from slipstream.sdk._notifier import BaseNotifier
from slipstream.sdk._running import running
from slipstream.sdk._tries import with_tries

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

_log = logging.getLogger("airflow.task")

NOTIFIER_PAUSES_SECONDS = (1.0, 4.0)
"""Before each further try of a notifier that has failed."""


def on_execute(operator: Any, context: Context) -> None:
    """Call what wants to know that the task begins."""
    call("on_execute_callback", operator.on_execute_callback, context)


FollowUp: TypeAlias = Callable[[], str | None]
"""What is to be done after an outcome; gives the first error of an alert in one line, or None."""


def of_end(operator: Any, context: Context, outcome: Outcome, attempt: Attempt) -> FollowUp | None:
    """What is to be done after this outcome: callbacks, listeners, then a mail; None: nothing."""
    match outcome:
        case Succeeded():
            state = TaskState.SUCCESS
        case Skipped():
            state = TaskState.SKIPPED
        case Failed():
            state = TaskState.UP_FOR_RETRY if will_retry(outcome, attempt) else TaskState.FAILED
        case _:
            return _only_listeners if is_anybody_listening("before_stopping") else None
    if (
        not getattr(operator, _NAMES[state], None)
        and not alert_mails.is_due(operator, state)
        and not is_anybody_listening()
    ):
        return None
    context["ti"].ended(datetime.now(UTC))

    def call_all() -> str | None:
        with running(context):
            error = tell(operator, state, context)
            task_listeners.stopping()
        return error

    return call_all


def _only_listeners() -> None:
    task_listeners.stopping()


def tell(task: Any, state: TaskState, context: Context) -> str | None:
    """Tell everybody who wants to know that a try ended in this state; gives the first error."""
    name = _NAMES[state]
    error = call(name, getattr(task, name, None), context)
    task_listeners.ended(state, context)
    if alert_mails.is_due(task, state):
        error = alert_mails.send(task, context) or error
    return error


def call(name: str, callbacks: Any, context: Context) -> str | None:
    """Call one or several callbacks; gives the first error in one line, or None."""
    if not callbacks:
        return None
    listed: Iterable[Callable[[Context], object]] = (
        callbacks if isinstance(callbacks, Iterable) else [callbacks]
    )
    first: str | None = None
    for callback in listed:
        error = _call_one(name, callback, context)
        if error is not None:
            first = first or f"{type(error).__name__}: {error}"
    return first


def _call_one(
    name: str, callback: Callable[[Context], object], context: Context
) -> Exception | None:
    """Call one; gives what it raised. A notifier, which only tells somebody, has several tries."""

    def warn(error: Exception, pause_seconds: float) -> None:
        _log.warning(
            "%s %r failed (%s); it is called again in %s s",
            *(name, callback, type(error).__name__, pause_seconds),
        )

    pauses = NOTIFIER_PAUSES_SECONDS if isinstance(callback, BaseNotifier) else ()
    try:
        with_tries(lambda: callback(context), pauses, passing=(Exception,), on_failure=warn)
    except Exception as error:  # noqa: BLE001 - a callback decides nothing
        _log.exception("%s %r failed", name, callback)
        return error
    return None


_NAMES = {
    TaskState.SUCCESS: "on_success_callback",
    TaskState.SKIPPED: "on_skipped_callback",
    TaskState.UP_FOR_RETRY: "on_retry_callback",
    TaskState.FAILED: "on_failure_callback",
}
