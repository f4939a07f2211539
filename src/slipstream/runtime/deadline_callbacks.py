"""Calls the callback of a deadline that a run has missed."""

from __future__ import annotations

import asyncio
import inspect
import logging
from importlib import import_module
from typing import TYPE_CHECKING

from slipstream.model.run import DagRun
from slipstream.sdk._backend import Backend
from slipstream.sdk._notifier import BaseNotifier
from slipstream.sdk._times import for_user
from slipstream.sdk._types import UserValue
from slipstream.wire import messages

if TYPE_CHECKING:
    from slipstream.sdk._dag import DAG
    from slipstream.sdk._deadlines import Callback

_log = logging.getLogger("airflow.task")


def call(errand: messages.Errand, dag: DAG, backend: Backend) -> str | None:
    """Call it; gives what it raised in one line, or None."""
    del backend
    missed = errand.deadline
    if missed is None or missed.position >= len(dag.deadlines):
        return f"DAG {dag.dag_id} has no such deadline any more"
    callback = dag.deadlines[missed.position].callback
    _log.info("The deadline of %s was missed; calling %s", missed.due_at, callback.path)
    try:
        _call(callback, _context(errand.attempt.run, missed))
    except Exception as error:  # noqa: BLE001 - it is people's code
        _log.exception("The callback of a deadline failed")
        return f"{type(error).__name__}: {error}"
    return None


def _call(callback: Callback, context: dict[str, UserValue]) -> None:
    function: UserValue = callback.function or _imported(callback.path)
    kwargs = dict(callback.kwargs)
    if inspect.isclass(function) and issubclass(function, BaseNotifier):
        function(**kwargs)(context)
        return
    if _takes_context(function):
        kwargs["context"] = context
    result = function(**kwargs)
    if inspect.isawaitable(result):
        asyncio.run(_awaited(result))


async def _awaited(result: UserValue) -> UserValue:
    return await result


def _takes_context(function: UserValue) -> bool:
    """Whether it has a parameter `context`, or takes any."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(
        one.name == "context" or one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters
    )


def _imported(path: str) -> UserValue:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _context(run: DagRun, missed: messages.MissedDeadline) -> dict[str, UserValue]:
    """What Airflow gives such callbacks: the run as the REST API has it, and the deadline."""
    return {
        "dag_run": {
            "dag_run_id": run.run_id,
            "dag_id": run.dag_id,
            "logical_date": _text(run.logical_date),
            "queued_at": _text(run.queued_at),
            "start_date": _text(run.start_date),
            "end_date": _text(run.end_date),
            "data_interval_start": _text(run.data_interval_start),
            "data_interval_end": _text(run.data_interval_end),
            "run_after": _text(run.run_after),
            "run_type": run.run_type.value,
            "state": run.state.value,
            "triggered_by": run.triggered_by.value,
            "conf": dict(run.conf),
            "note": run.note,
            "partition_key": run.partition_key,
        },
        "deadline": {
            "id": str(missed.number),
            "deadline_time": for_user(missed.due_at),
            "alert_name": missed.name,
        },
    }


def _text(moment: UserValue) -> str | None:
    return None if moment is None else moment.isoformat()
