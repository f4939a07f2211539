"""The decorators behind `@task.name`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._task_decorator import TaskFunction, task_decorator_factory
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowSkipException
from slipstream.sdk.operators._decorated import (
    _BashDecoratedOperator,
    _BranchPythonDecoratedOperator,
    _DecoratedSensorOperator,
    _PythonDecoratedOperator,
    _ShortCircuitDecoratedOperator,
    _StubOperator,
)

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

Condition = Callable[["Context"], bool | tuple[bool, str | None]]
"""Whether a task runs, and a message for its log if it does not."""


def kind_of_task(
    operator_class: type[BaseOperator], doc: str, **fixed: UserValue
) -> Callable[..., UserValue]:
    """A decorator that makes tasks of that class; `fixed` are arguments that nobody can give."""

    def decorator(
        python_callable: Callable[..., UserValue] | None = None,
        multiple_outputs: bool | None = None,
        **kwargs: UserValue,
    ) -> UserValue:
        return task_decorator_factory(
            python_callable=python_callable,
            multiple_outputs=fixed.get("multiple_outputs", multiple_outputs),
            decorated_operator_class=operator_class,
            **kwargs,
        )

    decorator.__doc__ = doc
    return decorator


python_task = kind_of_task(_PythonDecoratedOperator, "A task that calls the function.")
branch_task = kind_of_task(
    _BranchPythonDecoratedOperator,
    "A task that goes on with the tasks whose ids the function returns.",
    multiple_outputs=False,
)
short_circuit_task = kind_of_task(
    _ShortCircuitDecoratedOperator,
    "A task that stops where the function returns something false.",
    multiple_outputs=False,
)
bash_task = kind_of_task(
    _BashDecoratedOperator,
    "A task that runs the command that the function returns.",
    multiple_outputs=False,
)
sensor_task = kind_of_task(
    _DecoratedSensorOperator,
    "A task that waits until the function returns something true.",
    multiple_outputs=False,
)
stub_task = kind_of_task(_StubOperator, "A task that something else carries out.")


def run_if(
    condition: Condition, skip_message: str | None = None
) -> Callable[[TaskFunction], TaskFunction]:
    """Put above `@task`: the task is skipped unless the condition holds when it is to run."""
    return _conditional(condition, skip_message, wanted=True)


def skip_if(
    condition: Condition, skip_message: str | None = None
) -> Callable[[TaskFunction], TaskFunction]:
    """Put above `@task`: the task is skipped where the condition holds when it is to run."""
    return _conditional(condition, skip_message, wanted=False)


def _conditional(
    condition: Condition, skip_message: str | None, *, wanted: bool
) -> Callable[[TaskFunction], TaskFunction]:
    def decorate(task: TaskFunction) -> TaskFunction:
        if not isinstance(task, TaskFunction):
            raise TypeError(
                "run_if and skip_if go above @task: they take what @task makes of a function."
            )
        before: Callable[..., UserValue] | None = task.kwargs.get("pre_execute")

        def check(context: Context) -> None:
            if before is not None:
                before(context)
            answer = condition(context)
            holds, message = answer if isinstance(answer, tuple) else (answer, None)
            if bool(holds) is not wanted:
                said = f"The condition is {bool(holds)}: skipped."
                raise AirflowSkipException(message or skip_message or said)

        return task.override(pre_execute=check)

    return decorate
