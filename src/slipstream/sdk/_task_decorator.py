"""What `@task` and its kin make of a function."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import update_wrapper

from slipstream.sdk._decorated_operator import (
    check_call,
    check_function,
    check_names,
)
from slipstream.sdk._expand_input import (
    DictOfListsExpandInput,
    ExpandInput,
    ListOfDictsExpandInput,
    Mappable,
)
from slipstream.sdk._group import unique_label
from slipstream.sdk._mapped_operator import MappedOperator, check_mappable, check_not_fixed
from slipstream.sdk._naming import naming
from slipstream.sdk._operator import BaseOperator, plain_copy
from slipstream.sdk._operator_meta import find_place
from slipstream.sdk._types import NOTSET, UserValue
from slipstream.sdk._xcom_arg import PlainXComArg, XComArg


class DecoratedMappedOperator(MappedOperator):
    """A mapped task that a decorated function stands behind."""

    _pattern: BaseOperator | None = None

    def get_ready(self) -> None:
        """Make the operator that the instances are copies of, where that can be."""
        if "keeps_arguments" not in vars(self.operator_class):
            return  # A class derived from one that keeps them may do anything with them.
        if isinstance(self.expand_input, DictOfListsExpandInput):
            self._pattern = super().unmap(dict.fromkeys(self.expand_input.value))

    def unmap(self, arguments: Mapping[str, UserValue]) -> BaseOperator:
        """The operator of the instance that has these mapped arguments. Not part of the DAG."""
        if self._pattern is None:
            return super().unmap(arguments)
        operator = plain_copy(self._pattern)
        operator.__dict__["op_kwargs"] = {**self.partial_kwargs["op_kwargs"], **arguments}
        return operator


class TaskFunction:
    """A decorated function: calling it inside a DAG makes a task and gives its output.

    The function itself is at `function`.
    """

    def __init__(
        self,
        function: Callable[..., UserValue],
        operator_class: type[BaseOperator],
        *,
        multiple_outputs: bool = False,
        kwargs: Mapping[str, UserValue] | None = None,
        is_setup: bool = False,
        is_teardown: bool = False,
        on_failure_fail_dagrun: bool = False,
    ) -> None:
        check_function(function, f"@{self._word(operator_class)}")
        self.function = function
        self.operator_class = operator_class
        self.multiple_outputs = multiple_outputs
        self.kwargs: dict[str, UserValue] = dict(kwargs or {})
        self.kwargs.setdefault("task_id", function.__name__)
        self.is_setup = is_setup
        self.is_teardown = is_teardown
        self.on_failure_fail_dagrun = on_failure_fail_dagrun
        self.returns_dag_result = False
        self._fixed: dict[str, UserValue] = {}
        update_wrapper(self, function)

    @staticmethod
    def _word(operator_class: type[BaseOperator]) -> str:
        name = str(getattr(operator_class, "custom_operator_name", "") or "@task")
        return name.removeprefix("@")

    @property
    def decorator_name(self) -> str:
        """What the function was decorated with: `task`, `task.branch` …"""
        return self._word(self.operator_class)

    @property
    def function_signature(self) -> inspect.Signature:
        """What the function takes."""
        return inspect.signature(self.function)

    # ------------------------------------------------------------------ making tasks

    def __call__(self, *args: UserValue, **kwargs: UserValue) -> XComArg:
        """Make a task that calls the function with these arguments; gives its output."""
        if self._fixed:
            raise TypeError(
                f"{self.function.__name__}.partial() makes no task; call .expand() on its result."
            )
        operator = self.operator_class(
            python_callable=self.function,
            op_args=args,
            op_kwargs=kwargs,
            multiple_outputs=self.multiple_outputs,
            **self.kwargs,
        )
        self._describe(operator)
        return self._output(operator)

    def override(self, **kwargs: UserValue) -> TaskFunction:
        """The same function with other arguments for the operator: `f.override(retries=3)()`."""
        changed = {**self.kwargs, **kwargs}
        multiple_outputs = changed.pop("multiple_outputs", self.multiple_outputs)
        return self._copy(kwargs=changed, multiple_outputs=multiple_outputs)

    def partial(self, **kwargs: UserValue) -> TaskFunction:
        """Fix arguments of the function; `.expand(…)` then maps over the others."""
        check_names(self.function, "partial", kwargs)
        check_not_fixed("partial", kwargs, self._fixed)
        copy = self._copy()
        copy._fixed = {**self._fixed, **kwargs}
        return copy

    def expand(self, **map_kwargs: Mappable) -> XComArg:
        """A task with one instance for every combination of the arguments' items."""
        name = self.function.__name__
        with naming(task_id=name):
            if not map_kwargs:
                raise TypeError(f"{name}.expand() needs at least one argument to map over.")
            check_names(self.function, "expand", map_kwargs)
            check_not_fixed("expand", map_kwargs, self._fixed)
            check_mappable(f"{name}.expand", map_kwargs)
            check_call(self.function, (), self._fixed, further=map_kwargs)
            return self._expand(DictOfListsExpandInput(map_kwargs))

    def expand_kwargs(
        self, kwargs: XComArg | Sequence[XComArg | Mapping[str, UserValue]], *, strict: bool = True
    ) -> XComArg:
        """A task with one instance for each dictionary of arguments."""
        name = self.function.__name__
        if isinstance(kwargs, Sequence) and not isinstance(kwargs, str):
            for item in kwargs:
                if not isinstance(item, Mapping | XComArg):
                    raise TypeError(
                        f"{name}.expand_kwargs() needs a list of dictionaries; found an item of "
                        f"type {type(item).__name__}."
                    )
                if strict and isinstance(item, Mapping):
                    check_names(self.function, "expand_kwargs", item)
        elif not isinstance(kwargs, XComArg):
            raise TypeError(
                f"{name}.expand_kwargs() needs a list of dictionaries or the output of a task; it "
                f"was given a value of type {type(kwargs).__name__}."
            )
        return self._expand(ListOfDictsExpandInput(kwargs))

    def _expand(self, expand_input: ExpandInput) -> XComArg:
        place = find_place(self.kwargs)
        arguments = {
            **self.kwargs,
            "task_id": unique_label(self.kwargs["task_id"], place.group, place.dag),
            "python_callable": self.function,
            "op_args": [],
            "op_kwargs": self._fixed,
            "multiple_outputs": self.multiple_outputs,
        }
        operator = DecoratedMappedOperator(
            self.operator_class,
            arguments,
            expand_input,
            expand_into="op_kwargs",
            place=place,
        )
        self._describe(operator)
        return self._output(operator)

    def _describe(self, operator: UserValue) -> None:
        """The function's docstring is the task's, where it has no other."""
        docs = (
            operator.doc,
            operator.doc_md,
            operator.doc_json,
            operator.doc_yaml,
            operator.doc_rst,
        )
        if not any(docs) and self.function.__doc__:
            operator.doc_md = self.function.__doc__

    def _output(self, operator: BaseOperator | MappedOperator) -> XComArg:
        operator.is_setup = self.is_setup
        operator.is_teardown = self.is_teardown
        operator.on_failure_fail_dagrun = self.on_failure_fail_dagrun
        if self.returns_dag_result:
            operator.returns_dag_result = True
        if self.is_teardown:
            if "trigger_rule" in self.kwargs:
                raise ValueError(
                    f"Task {operator.task_id!r} is a teardown, which runs when everything before "
                    f"it is done and its setups have succeeded; it takes no trigger_rule."
                )
            operator.as_teardown(on_failure_fail_dagrun=self.on_failure_fail_dagrun)
        return PlainXComArg(operator)

    def _copy(
        self,
        *,
        kwargs: Mapping[str, UserValue] | None = None,
        multiple_outputs: bool | None = None,
    ) -> TaskFunction:
        copy = TaskFunction(
            self.function,
            self.operator_class,
            multiple_outputs=self.multiple_outputs
            if multiple_outputs is None
            else multiple_outputs,
            kwargs=self.kwargs if kwargs is None else kwargs,
            is_setup=self.is_setup,
            is_teardown=self.is_teardown,
            on_failure_fail_dagrun=self.on_failure_fail_dagrun,
        )
        copy._fixed = dict(self._fixed)
        copy.returns_dag_result = self.returns_dag_result
        return copy

    def __repr__(self) -> str:
        return f"<@{self._word(self.operator_class)} {self.function.__qualname__}>"


def result(function: TaskFunction) -> TaskFunction:
    """`@result` above `@task`: what the task returns is the result of a run of its DAG.

    Raises `TypeError` for anything but a function with `@task` on it.
    """
    if not isinstance(function, TaskFunction):
        raise TypeError(
            f"@result stands above @task and what belongs to it; it was given {function!r}."
        )
    function.returns_dag_result = True
    return function


class TaskDecorator(typing.Protocol):
    """A decorator that makes tasks of functions."""

    def __call__(
        self, python_callable: Callable[..., UserValue] | None = None, **kwargs: UserValue
    ) -> UserValue:
        """Decorate a function, or take arguments and give a decorator."""

    def override(self, **kwargs: UserValue) -> UserValue:
        """The same with other arguments."""


def task_decorator_factory(
    python_callable: Callable[..., UserValue] | None = None,
    *,
    multiple_outputs: bool | None = None,
    decorated_operator_class: type[BaseOperator],
    **kwargs: UserValue,
) -> UserValue:
    """Makes `@my_task` and `@my_task(…)` out of a class of operators.

    Given a function, what stands for it in a DAG file; without one, a decorator.
    """

    def decorate(function: Callable[..., UserValue]) -> TaskFunction:
        wanted = _returns_a_dictionary(function) if multiple_outputs is None else multiple_outputs
        return TaskFunction(
            function, decorated_operator_class, multiple_outputs=wanted, kwargs=kwargs
        )

    if python_callable is None:
        return decorate
    return decorate(python_callable)


def _returns_a_dictionary(function: Callable[..., UserValue]) -> bool:
    """Whether the function's annotation says that it returns a dictionary with texts as keys."""
    try:
        annotation = typing.get_type_hints(inspect.unwrap(function)).get("return", NOTSET)
    except (NameError, TypeError, AttributeError, SyntaxError):
        # Names that only a type checker sees; such a function can say multiple_outputs itself.
        return False
    origin = typing.get_origin(annotation) or annotation
    if typing.is_typeddict(annotation):
        return True
    if not (isinstance(origin, type) and issubclass(origin, Mapping)):
        return False
    arguments = typing.get_args(annotation)
    return not arguments or arguments[0] is str
