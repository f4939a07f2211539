"""The base of operators that a decorated function stands behind."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from slipstream.sdk import _scope
from slipstream.sdk._callables import determine_kwargs, signature_of
from slipstream.sdk._context_keys import FORMER_NAMES, LAZY
from slipstream.sdk._group import TaskGroup, unique_label
from slipstream.sdk._keys import quoted
from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._operator_meta import Place
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._context import Context
    from slipstream.sdk._dag import DAG

CONTEXT_KEYS = frozenset(LAZY) | {
    "dag",
    "dag_run",
    "exception",
    "inlets",
    "map_index_template",
    "outlets",
    "partition_date",
    "partition_key",
    "reason",
    "run_id",
    "task",
    "task_instance",
    "task_instance_key_str",
    "task_reschedule_count",
    "templates_dict",
    "test_mode",
    "ti",
    "try_number",
}
"""Names that a decorated function may have as parameters without being given them."""


class DecoratedOperator(BaseOperator):
    """An operator that runs, or works with, the function that a decorator was put on.

    Subclasses are made from this and the operator that does the work:
    `class MyDecorated(DecoratedOperator, MyOperator)`.
    """

    template_fields: Sequence[str] = ("op_args", "op_kwargs")
    template_fields_renderers: ClassVar[Mapping[str, str]] = {"op_args": "py", "op_kwargs": "py"}
    shallow_copy_attrs: Sequence[str] = ("python_callable",)
    custom_operator_name: str = ""
    keeps_arguments: ClassVar[bool] = False
    """Whether the constructor of this very class only keeps the function's arguments.

    The instances of a mapped task then are copies of one operator that differ in `op_kwargs`.
    """

    def __init__(
        self,
        *,
        python_callable: Callable[..., UserValue],
        task_id: str,
        op_args: Collection[UserValue] | None = None,
        op_kwargs: Mapping[str, UserValue] | None = None,
        kwargs_to_upstream: Mapping[str, UserValue] | None = None,
        **kwargs: UserValue,
    ) -> None:
        place: Place = self.__dict__["_place"]
        if not place.detached:
            task_id = unique_label(task_id, place.group, place.dag)
        self.python_callable = python_callable
        self.op_args = list(op_args or ())
        self.op_kwargs = dict(op_kwargs or {})
        check_call(python_callable, self.op_args, self.op_kwargs)
        super().__init__(task_id=task_id, **dict(kwargs_to_upstream or {}), **kwargs)

    def execute(self, context: Context) -> UserValue:
        """Do the work of the operator behind."""
        return super().execute(context)

    def get_python_source(self) -> str:
        """The function's source, without the decorators that made it a task, to run elsewhere."""
        from slipstream.sdk._function_source import source_of

        return source_of(self.python_callable).text

    @property
    def task_type(self) -> str:
        """The name of the operator's class."""
        return type(self).__name__


def check_call(
    function: Callable[..., UserValue],
    args: Sequence[UserValue],
    kwargs: Mapping[str, UserValue],
    further: Collection[str] = (),
) -> None:
    """Raise `TypeError` where the function cannot be called so.

    Parameters that the context fills need not be given, nor those named in `further`.
    """
    signature = signature_of(function)
    filled = {
        name: None
        for name, parameter in signature.parameters.items()
        if name not in kwargs
        and (name in CONTEXT_KEYS or name in FORMER_NAMES or name in further)
        and parameter.kind
        in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    }
    taken = list(signature.parameters)[: len(args)]
    for name in taken:
        filled.pop(name, None)
    try:
        signature.bind(*args, **filled, **kwargs)
    except TypeError as error:
        name = getattr(function, "__name__", repr(function))
        raise TypeError(f"{name}{signature} cannot be called this way: {error}.") from None


def check_function(function: Callable[..., UserValue], what: str) -> None:
    """Raise `TypeError` where it is no plain function."""
    if isinstance(function, staticmethod | classmethod) or not callable(function):
        raise TypeError(f"{what} goes on a function; {function!r} is none.")
    parameters = inspect.signature(function).parameters
    if "self" in parameters:
        raise TypeError(
            f"{what} goes on a function, not on a method: "
            f"{getattr(function, '__qualname__', function)!r} takes self."
        )
    for name in CONTEXT_KEYS & parameters.keys():
        default = parameters[name].default
        if default is not None and default is not inspect.Parameter.empty:
            raise ValueError(
                f"Parameter {name!r} of {getattr(function, '__name__', function)!r} is filled from "
                f"the context, so its default has to be None; it is {default!r}."
            )


def get_unique_task_id(
    task_id: str, dag: DAG | None = None, task_group: TaskGroup | None = None
) -> str:
    """The id, or `id__1`, `id__2` … where it is taken already in the DAG."""
    dag = dag or _scope.current_dag()
    return unique_label(task_id, task_group or _scope.current_group(dag), dag)


def check_names(function: Callable[..., UserValue], verb: str, arguments: Collection[str]) -> None:
    """Raise `TypeError` where the function has no such parameter."""
    parameters = signature_of(function).parameters
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
        return
    if unknown := set(arguments) - parameters.keys():
        name = getattr(function, "__name__", repr(function))
        raise TypeError(f"{name}.{verb}() got {quoted(unknown)}, which {name}() does not take.")


__all__ = [
    "CONTEXT_KEYS",
    "DecoratedOperator",
    "check_call",
    "check_function",
    "check_names",
    "determine_kwargs",
    "get_unique_task_id",
]
