"""Calls a DAG's or a task's callbacks for something that happened elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipstream.model.attempt import Failed
from slipstream.model.states import TaskState
from slipstream.runtime import task_callbacks
from slipstream.runtime.task_endings import state_after
from slipstream.sdk._context import build_context
from slipstream.sdk._running import running
from slipstream.sdk.exceptions import AirflowException
from slipstream.wire import messages

if TYPE_CHECKING:
    from slipstream.sdk._backend import Backend
    from slipstream.sdk._context import Context
    from slipstream.sdk._dag import DAG


def call_for(errand: messages.Errand, dag: DAG, backend: Backend) -> str | None:
    """Call the callbacks; gives the first error in one line, or None."""
    task = dag.get_task(errand.attempt.task_id)
    context = build_context(dag, task, errand.attempt, backend)
    context["reason"] = errand.reason
    with running(context):
        match errand.kind:
            case messages.CallbackKind.DAG:
                return _call_dags(errand, dag, context)
            case messages.CallbackKind.TASK:
                return _call_tasks(errand, context)


def _call_dags(errand: messages.Errand, dag: DAG, context: Context) -> str | None:
    name = "on_success_callback" if errand.succeeded else "on_failure_callback"
    return task_callbacks.call(name, getattr(dag, name), context)


def _call_tasks(errand: messages.Errand, context: Context) -> str | None:
    """What the task's own process would have called, had it lived."""
    outcome = Failed(message=errand.reason)
    state = state_after(outcome, errand.attempt)
    context["ti"].state = state
    context["exception"] = AirflowException(errand.reason)
    name = "on_retry_callback" if state is TaskState.UP_FOR_RETRY else "on_failure_callback"
    return task_callbacks.call(name, getattr(context["task"], name, None), context)
