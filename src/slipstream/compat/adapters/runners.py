"""`airflow.sdk.execution_time.callback_runner`: calls of functions that yield asset events."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol


class ExecutionCallableRunner(Protocol):
    """Calls a function."""

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """What it returns."""


class AsyncExecutionCallableRunner(Protocol):
    """Calls a coroutine function."""

    async def run(self, *args: Any, **kwargs: Any) -> Any:
        """What it returns."""


class _Runner:
    def __init__(self, func: Callable[..., Any], outlet_events: Any, logger: Any) -> None:
        self._func = func
        self._events = outlet_events
        self._logger = logger

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Call it; what a generator yields is metadata of the task's outlets."""
        if not inspect.isgeneratorfunction(self._func):
            return self._func(*args, **kwargs)
        steps = self._func(*args, **kwargs)
        while True:
            try:
                _keep(next(steps), self._events, self._logger)
            except StopIteration as end:
                return end.value


class _AsyncRunner(_Runner):
    async def run(self, *args: Any, **kwargs: Any) -> Any:
        """The same for coroutines and asynchronous generators."""
        made = self._func(*args, **kwargs)
        if not isinstance(made, AsyncIterator):
            return await made
        async for metadata in made:
            _keep(metadata, self._events, self._logger)
        return None


def create_executable_runner(
    func: Callable[..., Any], outlet_events: Any, *, logger: Any
) -> ExecutionCallableRunner:
    """What calls a function of a task."""
    return _Runner(func, outlet_events, logger)


def create_async_executable_runner(
    func: Callable[..., Any], outlet_events: Any, *, logger: Any
) -> AsyncExecutionCallableRunner:
    """What calls a coroutine function of a task."""
    return _AsyncRunner(func, outlet_events, logger)


def context_get_outlet_events(context: Any) -> Any:
    """The events of a task's outlets."""
    return context.get("outlet_events", {})


def _keep(metadata: Any, events: Any, logger: Any) -> None:
    from slipstream.sdk import Metadata

    if not isinstance(metadata, Metadata):
        logger.warning("A task's function yielded %r, which is no Metadata", metadata)
        return
    events[metadata.asset].extra.update(metadata.extra)
    if metadata.alias:
        events[metadata.alias].add(metadata.asset, extra=metadata.extra)
