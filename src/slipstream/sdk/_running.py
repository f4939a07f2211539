"""What is running in this process: the task's context and the backend that answers it."""

from __future__ import annotations

from contextvars import Token
from types import TracebackType
from typing import TYPE_CHECKING

from slipstream.sdk._backend import Backend, current_backend
from slipstream.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

# A list and not a context variable: threads that a task starts must see it, too.
_running: list[Context] = []


class running:  # noqa: N801 - used like a function, as context managers are
    """Inside, `context` is the current context and its backend answers for it."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._token: Token[Backend | None] = current_backend.set(self._context["ti"].backend)
        _running.append(self._context)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _forget(self._context)
        current_backend.reset(self._token)


def _forget(context: Context) -> None:
    """Take out the innermost entry of this context; equal ones of other tasks stay."""
    for place in range(len(_running) - 1, -1, -1):
        if _running[place] is context:
            del _running[place]
            return


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
