"""What is running in this process: the task's context and the backend that answers it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from slipstream.sdk._backend import Backend, current_backend
from slipstream.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

# A list and not a context variable: threads that a task starts must see it, too.
_running: list[Context] = []


@contextmanager
def running(context: Context) -> Iterator[None]:
    """Inside, `context` is the current context and its backend answers for it."""
    token = current_backend.set(context["ti"].backend)
    _running.append(context)
    try:
        yield
    finally:
        _running.remove(context)
        current_backend.reset(token)


def get_current_context() -> Context:
    """The context of the task that is running. Raises `AirflowException` outside of a task."""
    if not _running:
        raise AirflowException(
            "No task is running here, so there is no context. Call get_current_context() inside "
            "a task's execute() or function, not while the DAG file is read."
        )
    return _running[-1]


def get_backend() -> Backend | None:
    """Who answers for variables, connections and XComs; None where only the environment does."""
    backend = current_backend.get()
    if backend is None and _running:
        return _running[-1]["ti"].backend  # type: ignore[no-any-return]  # a context holds anything
    return backend


def require_backend() -> Backend:
    """Who answers. Raises `AirflowException` where no task and no trigger is running."""
    backend = get_backend()
    if backend is None:
        raise AirflowException(
            "Nothing is running here that could ask the deployment about its runs. Call this in a "
            "task or in a trigger, not while the DAG file is read."
        )
    return backend


def is_running() -> bool:
    """Whether a task is running in this process."""
    return bool(_running)
