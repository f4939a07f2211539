"""Calls a DAG's or a task's callbacks for something that happened elsewhere."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from slipstream.model.attempt import Failed
from slipstream.model.changes import BEGUN
from slipstream.model.states import RunState
from slipstream.runtime import task_callbacks
from slipstream.runtime.run_listeners import tell_of_run
from slipstream.runtime.task_endings import state_after
from slipstream.sdk._context import Context, build_context
from slipstream.sdk._dag_run import DagRun
from slipstream.sdk._running import running
from slipstream.sdk.exceptions import AirflowException
from slipstream.wire import messages

if TYPE_CHECKING:
    from slipstream.sdk._backend import Backend
    from slipstream.sdk._dag import DAG

_log = logging.getLogger("airflow.task")


def call_for(errand: messages.Errand, dag: DAG, backend: Backend) -> str | None:
    """Call the callbacks; gives the first error in one line, or None."""
    if errand.kind is messages.CallbackKind.DAG:
        return _call_dags(errand, dag, backend)
    if errand.kind is messages.CallbackKind.DEADLINE:
        from slipstream.runtime import deadline_callbacks

        return deadline_callbacks.call(errand, dag, backend)
    task = dag.get_task(errand.attempt.task_id)
    context = build_context(dag, task, errand.attempt, backend)
    with running(context):
        return _call_tasks(errand, context)


def _call_dags(errand: messages.Errand, dag: DAG, backend: Backend) -> str | None:
    if errand.reason == BEGUN:
        return tell_of_run("on_dag_run_running", RunState.RUNNING, errand, dag, backend)
    name = "on_success_callback" if errand.succeeded else "on_failure_callback"
    hook = "on_dag_run_success" if errand.succeeded else "on_dag_run_failed"
    state = RunState.SUCCESS if errand.succeeded else RunState.FAILED
    error = _call_own(name, errand, dag, backend) if getattr(dag, name) else None
    return error or tell_of_run(hook, state, errand, dag, backend)


def _call_own(name: str, errand: messages.Errand, dag: DAG, backend: Backend) -> str | None:
    context = _context_of_run(errand, dag, backend)
    context["reason"] = errand.reason
    if "ti" not in context:
        return task_callbacks.call(name, getattr(dag, name), context)
    with running(context):
        return task_callbacks.call(name, getattr(dag, name), context)


def _context_of_run(errand: messages.Errand, dag: DAG, backend: Backend) -> Context:
    """The context of the instance that decided the run; the run alone where there is none."""
    attempt = errand.attempt
    if attempt.task_id in dag.task_dict:
        context = build_context(dag, dag.get_task(attempt.task_id), attempt, backend)
        if errand.instance is not None:
            ti = context["ti"]
            ti.state = errand.instance.state
            ti.rendered_map_index = errand.instance.rendered_map_index
            if errand.instance.end_date is not None:
                ti.ended(errand.instance.end_date)
        return context
    if attempt.task_id:
        _log.warning("DAG %s has no task %s any more", dag.dag_id, attempt.task_id)
    run = DagRun(attempt.run, backend, dag.task_dict)
    return Context({"dag": dag, "dag_run": run, "run_id": attempt.run.run_id})


def _call_tasks(errand: messages.Errand, context: Context) -> str | None:
    """What the task's own process would have called, had it lived."""
    outcome = Failed(message=errand.reason)
    state = errand.state or state_after(outcome, errand.attempt)
    ti = context["ti"]
    ti.state = state
    if not errand.succeeded:
        context["exception"] = AirflowException(errand.reason)
    return task_callbacks.tell(context["task"], state, context)
