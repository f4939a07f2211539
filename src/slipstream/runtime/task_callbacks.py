"""Callbacks of tasks and DAGs. One that fails is logged and changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from slipstream.model.attempt import Attempt, Failed, Outcome, Skipped, Succeeded
from slipstream.runtime.task_endings import will_retry
from slipstream.sdk._running import running

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

_log = logging.getLogger("airflow.task")


def on_execute(operator: Any, context: Context) -> None:
    """Call what wants to know that the task begins."""
    call("on_execute_callback", operator.on_execute_callback, context)


def of_end(
    operator: Any, context: Context, outcome: Outcome, attempt: Attempt
) -> Callable[[], None] | None:
    """What is to be called after this outcome; None for nothing."""
    match outcome:
        case Succeeded():
            name = "on_success_callback"
        case Skipped():
            name = "on_skipped_callback"
        case Failed():
            name = "on_retry_callback" if will_retry(outcome, attempt) else "on_failure_callback"
        case _:
            return None
    callbacks = getattr(operator, name, None)
    if not callbacks:
        return None

    def call_all() -> None:
        with running(context):
            call(name, callbacks, context)

    return call_all


def call(name: str, callbacks: Any, context: Context) -> str | None:
    """Call one or several callbacks; gives the first error in one line, or None."""
    if not callbacks:
        return None
    listed: Iterable[Callable[[Context], object]] = (
        callbacks if isinstance(callbacks, Iterable) else [callbacks]
    )
    first: str | None = None
    for callback in listed:
        try:
            callback(context)
        except Exception as error:  # noqa: BLE001 - a callback decides nothing
            _log.exception("%s %r failed", name, callback)
            first = first or f"{type(error).__name__}: {error}"
    return first
