"""The operators behind `@task` and its kin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from slipstream.sdk._callables import call_with_context
from slipstream.sdk._context import context_merge
from slipstream.sdk._decorated_operator import DecoratedOperator
from slipstream.sdk._function_source import is_empty
from slipstream.sdk._types import SET_DURING_EXECUTION, UserValue
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.python import (
    BranchPythonOperator,
    PythonOperator,
    ShortCircuitOperator,
)
from slipstream.sdk.sensors.python import PythonSensor

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

_FIELDS: Sequence[str] = ("templates_dict", "op_args", "op_kwargs")
_RENDERERS: Mapping[str, str] = {"templates_dict": "json", "op_args": "py", "op_kwargs": "py"}


class _FunctionOperator(DecoratedOperator):
    """Hands the function and its arguments on to an operator that takes them itself."""

    def __init__(
        self,
        *,
        python_callable: UserValue,
        op_args: UserValue = None,
        op_kwargs: UserValue = None,
        **kwargs: UserValue,
    ) -> None:
        taken = {"python_callable": python_callable, "op_args": op_args, "op_kwargs": op_kwargs}
        super().__init__(kwargs_to_upstream=taken, **taken, **kwargs)


class _PythonDecoratedOperator(_FunctionOperator, PythonOperator):
    """Calls the decorated function."""

    template_fields = _FIELDS
    template_fields_renderers: ClassVar[Mapping[str, str]] = _RENDERERS
    custom_operator_name = "@task"
    keeps_arguments = True


class _BranchPythonDecoratedOperator(_PythonDecoratedOperator, BranchPythonOperator):
    """Goes on with what the decorated function returns."""

    custom_operator_name = "@task.branch"
    keeps_arguments = True


class _ShortCircuitDecoratedOperator(_PythonDecoratedOperator, ShortCircuitOperator):
    """Stops where the decorated function returns something false."""

    custom_operator_name = "@task.short_circuit"
    keeps_arguments = True


class _BashDecoratedOperator(DecoratedOperator, BashOperator):
    """Runs the command that the decorated function returns."""

    template_fields: Sequence[str] = (
        *DecoratedOperator.template_fields,
        *BashOperator.template_fields,
    )
    template_fields_renderers: ClassVar[Mapping[str, str]] = {
        **DecoratedOperator.template_fields_renderers,
        "env": "json",
    }
    custom_operator_name = "@task.bash"
    overwrite_rtif_after_execution = True

    def __init__(
        self,
        *,
        python_callable: UserValue,
        op_args: UserValue = None,
        op_kwargs: UserValue = None,
        **kwargs: UserValue,
    ) -> None:
        kwargs.pop("bash_command", None)
        if kwargs.get("multiple_outputs"):
            raise ValueError("@task.bash gives one text; multiple_outputs makes no sense for it.")
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            bash_command=SET_DURING_EXECUTION,
            **kwargs,
        )

    def execute(self, context: Context) -> UserValue:
        """Ask the function for the command, render it and run it."""
        context_merge(context, self.op_kwargs)
        command = call_with_context(self.python_callable, self.op_args, self.op_kwargs, context)
        if not isinstance(command, str) or not command.strip():
            raise TypeError(
                f"The function of task {self.task_id!r} has to return a command for the shell; it "
                f"returned {command!r}."
            )
        self.bash_command = self.render_template(command, context)
        return BashOperator.execute(self, context)


class _DecoratedSensorOperator(_FunctionOperator, PythonSensor):
    """Waits until the decorated function returns something true."""

    template_fields: Sequence[str] = ("op_args", "op_kwargs")
    custom_operator_name = "@task.sensor"


class _StubOperator(DecoratedOperator):
    """Stands for a task that something else, in another language, carries out."""

    custom_operator_name = "@task.stub"
    is_stub = True

    def __init__(
        self,
        *,
        python_callable: Callable[..., UserValue],
        task_id: str,
        retry_policy: UserValue = None,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(python_callable=python_callable, task_id=task_id, **kwargs)
        if retry_policy is not None:
            raise ValueError(
                f"Task {self.task_id!r} is a stub: no Python is there to ask a retry_policy. Use "
                f"retries."
            )
        if not is_empty(python_callable):
            raise ValueError(
                f"The function of task {self.task_id!r} is never called, for @task.stub stands for "
                f"code elsewhere; write a plain def with nothing but `...` or `pass` in it."
            )

    def execute(self, context: Context) -> UserValue:
        """Nothing can be carried out here."""
        raise AirflowException(
            f"Task {self.task_id!r} is a stub: it has no code that could run here."
        )
