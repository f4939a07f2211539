"""Operators that call a function."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from slipstream.sdk._callables import finished, is_async_callable, kwargs_from_context
from slipstream.sdk._context import context_merge, get_current_context
from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._skip import SkipMixin
from slipstream.sdk._types import UserValue
from slipstream.sdk.operators.branch import BaseBranchOperator

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

__all__ = [
    "BranchPythonOperator",
    "PythonOperator",
    "ShortCircuitOperator",
    "get_current_context",
]


class PythonOperator(BaseOperator):
    """Calls `python_callable` with `op_args` and `op_kwargs`.

    Parameters of the function that bear the name of something in the context are filled from
    there; one that takes any keyword gets the whole context. `templates_dict` is rendered and
    passed as the context's `templates_dict`. A coroutine function is run to its end.
    """

    template_fields: Sequence[str] = ("templates_dict", "op_args", "op_kwargs")
    template_fields_renderers: ClassVar[Mapping[str, str]] = {
        "templates_dict": "json",
        "op_args": "py",
        "op_kwargs": "py",
    }
    shallow_copy_attrs: Sequence[str] = ("python_callable", "op_kwargs")
    ui_color = "#ffefeb"

    def __init__(
        self,
        *,
        python_callable: Callable[..., UserValue],
        op_args: Collection[UserValue] | None = None,
        op_kwargs: Mapping[str, UserValue] | None = None,
        templates_dict: Mapping[str, UserValue] | None = None,
        templates_exts: Sequence[str] | None = None,
        show_return_value_in_logs: bool = True,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(python_callable):
            raise TypeError(
                f"python_callable of task {self.task_id!r} has to be a function; "
                f"{python_callable!r} cannot be called."
            )
        self.python_callable = python_callable
        self.op_args = list(op_args or ())
        self.op_kwargs = dict(op_kwargs or {})
        self.templates_dict = templates_dict
        if templates_exts:
            self.template_ext = templates_exts
        self.show_return_value_in_logs = show_return_value_in_logs

    @property
    def is_async(self) -> bool:
        """Whether the function is a coroutine function."""
        return is_async_callable(self.python_callable)

    def execute(self, context: Context) -> UserValue:
        """Call the function; what it returns is pushed."""
        context_merge(context, templates_dict=self.templates_dict)
        self.op_kwargs = dict(self.determine_kwargs(context))
        return self.execute_callable()

    def determine_kwargs(self, context: Context) -> Mapping[str, UserValue]:
        """The keyword arguments for the call: `op_kwargs` and what the function names."""
        return kwargs_from_context(self.python_callable, self.op_args, self.op_kwargs, context)

    def execute_callable(self) -> UserValue:
        """Make the call with the arguments as they are now.

        A generator function is run to its end: what it yields of assets is taken, and what it
        returns is the result.
        """
        return finished(self.python_callable, *self.op_args, **self.op_kwargs)


class BranchPythonOperator(BaseBranchOperator, PythonOperator):
    """Goes on with the tasks or groups whose ids the function returns; the others are skipped.

    The function returns an id, a list of ids, or None to skip everything.
    """

    def choose_branch(self, context: Context) -> UserValue:
        """Ask the function."""
        return PythonOperator.execute(self, context)


class ShortCircuitOperator(PythonOperator, SkipMixin):
    """Stops here where the function returns something false: what is below is skipped.

    With `ignore_downstream_trigger_rules=False` only the tasks right below are skipped, and their
    own downstream decide by their trigger rules.
    """

    inherits_from_skipmixin = True

    def __init__(
        self, *, ignore_downstream_trigger_rules: bool = True, **kwargs: UserValue
    ) -> None:
        super().__init__(**kwargs)
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules

    def execute(self, context: Context) -> UserValue:
        """Call the function and skip what is below where its answer is false."""
        condition = super().execute(context)
        self.log.info("Condition result is %s", condition)
        if condition:
            self.log.info("Proceeding with downstream tasks.")
            return condition
        ti = context["ti"]
        if self.ignore_downstream_trigger_rules:
            below = self.get_flat_relatives(upstream=False)
        else:
            below = self.get_direct_relatives(upstream=False)
        self.skip(ti=ti, tasks=[task for task in below if not task.is_teardown])
        return condition
