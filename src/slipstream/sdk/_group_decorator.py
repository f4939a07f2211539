"""`@task_group`: a function whose calls make task groups."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import update_wrapper

from slipstream.sdk._decorated_operator import check_function, check_names
from slipstream.sdk._expand_input import (
    DictOfListsExpandInput,
    ExpandInput,
    ListOfDictsExpandInput,
    Mappable,
    MappedArgument,
)
from slipstream.sdk._group import MappedTaskGroup, TaskGroup
from slipstream.sdk._mapped_operator import check_mappable, check_not_fixed
from slipstream.sdk._types import UserValue
from slipstream.sdk._xcom_arg import XComArg


class TaskGroupFunction:
    """A decorated function: calling it inside a DAG makes a group of the tasks it makes.

    The call gives what the function returns, or the group where it returns nothing.
    """

    def __init__(
        self, function: Callable[..., UserValue], kwargs: Mapping[str, UserValue] | None = None
    ) -> None:
        check_function(function, "@task_group")
        self.function = function
        self.kwargs: dict[str, UserValue] = dict(kwargs or {})
        self.kwargs.setdefault("group_id", function.__name__)
        self.kwargs.setdefault("add_suffix_on_collision", True)
        if not self.kwargs.get("tooltip") and function.__doc__:
            self.kwargs["tooltip"] = function.__doc__
        self._fixed: dict[str, UserValue] = {}
        update_wrapper(self, function)

    def __call__(self, *args: UserValue, **kwargs: UserValue) -> UserValue:
        """Make a group and call the function inside it."""
        with TaskGroup(**self.kwargs) as group:
            returned = self.function(*args, **{**self._fixed, **kwargs})
        return group if returned is None else returned

    def override(self, **kwargs: UserValue) -> TaskGroupFunction:
        """The same function with other arguments for the group."""
        copy = TaskGroupFunction(self.function, {**self.kwargs, **kwargs})
        copy._fixed = dict(self._fixed)
        return copy

    def partial(self, **kwargs: UserValue) -> TaskGroupFunction:
        """Fix arguments of the function; `.expand(…)` then maps over the others."""
        check_names(self.function, "partial", kwargs)
        check_not_fixed("partial", kwargs, self._fixed)
        copy = self.override()
        copy._fixed = {**self._fixed, **kwargs}
        return copy

    def expand(self, **kwargs: Mappable) -> UserValue:
        """A group that runs once for every combination of the arguments' items."""
        name = self.function.__name__
        if not kwargs:
            raise TypeError(f"{name}.expand() needs at least one argument to map over.")
        check_names(self.function, "expand", kwargs)
        check_not_fixed("expand", kwargs, self._fixed)
        check_mappable(f"{name}.expand", kwargs)
        return self._expand(DictOfListsExpandInput(kwargs), kwargs.keys())

    def expand_kwargs(
        self, kwargs: XComArg | Sequence[XComArg | Mapping[str, UserValue]]
    ) -> UserValue:
        """A group that runs once for each dictionary of arguments."""
        if isinstance(kwargs, Sequence) and not isinstance(kwargs, str):
            for item in kwargs:
                if isinstance(item, Mapping):
                    check_names(self.function, "expand_kwargs", item)
        elif not isinstance(kwargs, XComArg):
            raise TypeError(
                f"{self.function.__name__}.expand_kwargs() needs a list of dictionaries or the "
                f"output of a task; it was given a value of type {type(kwargs).__name__}."
            )
        names = [
            name for name in inspect.signature(self.function).parameters if name not in self._fixed
        ]
        return self._expand(ListOfDictsExpandInput(kwargs), names)

    def _expand(self, expand_input: ExpandInput, names: UserValue) -> UserValue:
        with MappedTaskGroup(expand_input=expand_input, **self.kwargs) as group:
            stands = {name: MappedArgument(expand_input, name) for name in names}
            returned = self.function(**self._fixed, **stands)
        return group if returned is None else returned

    def __repr__(self) -> str:
        return f"<@task_group {self.function.__qualname__}>"


def task_group(
    group_id: str | Callable[..., UserValue] | None = None, **kwargs: UserValue
) -> UserValue:
    """Makes a task group of a function: `@task_group`, or `@task_group(group_id="g", …)`."""
    if callable(group_id):
        return TaskGroupFunction(group_id)
    if group_id is not None:
        kwargs["group_id"] = group_id

    def decorate(function: Callable[..., UserValue]) -> TaskGroupFunction:
        return TaskGroupFunction(function, kwargs)

    return decorate
