"""Runs one task: context, templates, execute, callbacks, outcome. Knows nothing of processes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, TypeAlias

from slipstream.model.attempt import Attempt, Failed, Outcome, Succeeded
from slipstream.sdk._backend import Backend

DAG: TypeAlias = Any

_log = logging.getLogger("slipstream.task")


def run_task(
    attempt: Attempt, dag: DAG, _backend: Backend
) -> tuple[Outcome, Mapping[str, Any] | None]:
    """Run the task of the attempt; gives its outcome and its rendered template fields."""
    try:
        task = dag.get_task(attempt.task_id)
        task.execute({})
    except Exception as error:  # noqa: BLE001 - whatever the task raises is its end
        _log.exception("Task failed")
        return Failed(message=f"{type(error).__name__}: {error}"), None
    return Succeeded(), None
