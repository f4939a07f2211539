"""`@setup` and `@teardown`."""

from __future__ import annotations

from collections.abc import Callable

from slipstream.sdk._group_decorator import TaskGroupFunction
from slipstream.sdk._task import task
from slipstream.sdk._task_decorator import TaskFunction
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException


def setup(func: Callable[..., UserValue] | TaskFunction) -> TaskFunction:
    """Makes a setup task of a function, or of what `@task` made of one."""
    found = _task_function(func, "setup")
    found.is_setup = True
    return found


def teardown(
    func: Callable[..., UserValue] | TaskFunction | None = None,
    *,
    on_failure_fail_dagrun: bool = False,
) -> UserValue:
    """Makes a teardown task of a function: `@teardown`, or `@teardown(on_failure_fail_dagrun=…)`.

    With `on_failure_fail_dagrun` its failure fails the run.
    """

    def decorate(function: Callable[..., UserValue] | TaskFunction) -> TaskFunction:
        found = _task_function(function, "teardown")
        found.is_teardown = True
        found.on_failure_fail_dagrun = on_failure_fail_dagrun
        return found

    return decorate if func is None else decorate(func)


def _task_function(func: Callable[..., UserValue] | TaskFunction, word: str) -> TaskFunction:
    if isinstance(func, TaskGroupFunction):
        raise AirflowException(f"A task group cannot be a {word}; mark the tasks in it.")
    if isinstance(func, TaskFunction):
        return func
    made: TaskFunction = task(func)
    return made
