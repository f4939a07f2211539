"""How operators are made: default arguments reach every class's constructor, whoever wrote it."""

from __future__ import annotations

import functools
import inspect
from abc import ABCMeta
from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from slipstream.sdk import _scope, _setup_teardown
from slipstream.sdk._naming import guess, name_in
from slipstream.sdk._running import is_running
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from slipstream.sdk._dag import DAG
    from slipstream.sdk._group import TaskGroup

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operator is being made, and which arguments it gets without asking."""

    dag: DAG | None
    group: TaskGroup | None
    defaults: Mapping[str, UserValue]
    detached: bool = False
    """Made to run one instance of a mapped task: it is not added to the DAG."""


@dataclass(frozen=True, slots=True)
class _Signature:
    names: frozenset[str]
    required: frozenset[str]


_detached: list[Place] = []


@contextmanager
def detached(dag: DAG | None, group: TaskGroup | None) -> Iterator[None]:
    """Operators made inside belong to the DAG and the group, but are not added to them."""
    _detached.append(Place(dag, group, merged_defaults(dag, group, None), detached=True))
    try:
        yield
    finally:
        _detached.pop()


def merged_defaults(
    dag: DAG | None, group: TaskGroup | None, own: Mapping[str, UserValue] | None
) -> dict[str, UserValue]:
    """The default arguments of the DAG, then of the groups, then of the operator itself."""
    defaults: dict[str, UserValue] = {}
    if dag is not None:
        defaults.update(dag.default_args)
    if group is not None:
        defaults.update(group.default_args)
    if own:
        defaults.update(own)
    return defaults


def find_place(arguments: Mapping[str, UserValue]) -> Place:
    """Where an operator with these arguments is made: given, or by the open `with` blocks."""
    group: TaskGroup | None = arguments.get("task_group")
    dag: DAG | None = arguments.get("dag")
    if dag is None and group is not None:
        dag = group.dag
    if dag is None:
        dag = _scope.current_dag()
    if dag is None:
        opened = _scope.open_group()
        dag = opened.dag if opened is not None else None
    if group is None:
        group = _scope.current_group(dag)
    return Place(dag, group, merged_defaults(dag, group, arguments.get("default_args")))


class BaseOperatorMeta(ABCMeta):
    """Wraps every constructor of an operator class, so that default arguments reach it."""

    def __new__(
        mcs,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, UserValue],
        **kwargs: UserValue,
    ) -> BaseOperatorMeta:
        init = namespace.get("__init__")
        if init is not None:
            namespace["__init__"] = _with_defaults(name, init)
        execute = namespace.get("execute")
        if inspect.isfunction(execute):
            namespace["execute"] = _guarded(execute)
        return super().__new__(mcs, name, bases, namespace, **kwargs)

    def __call__(cls: type[C], *args: UserValue, **kwargs: UserValue) -> C:
        """Make an operator, then join it with the tasks whose outputs it was given."""
        try:
            if args:
                raise TypeError(
                    f"{cls.__name__} takes keyword arguments only; it was given {len(args)} "
                    f"without a name. Write {cls.__name__}(task_id=…, …)."
                )
            operator = super().__call__(**kwargs)  # type: ignore[misc]  # type's own __call__
        except Exception as error:
            dag = kwargs.get("dag")
            name_in(error, task_id=kwargs.get("task_id"), dag_id=getattr(dag, "dag_id", None))
            raise
        place: Place | None = operator.__dict__.pop("_place", None)
        if place is None or "task_id" not in operator.__dict__:
            raise TypeError(
                f"{cls.__name__}.__init__() has to call super().__init__(**kwargs), so that the "
                f"task gets its id and its place in the DAG; it did not."
            )
        if not place.detached:
            operator.find_upstreams()
            _setup_teardown.note_new_task(operator)
        return operator  # type: ignore[no-any-return]  # what type.__call__ made is a C


def _guarded(execute: Callable[..., UserValue]) -> Callable[..., UserValue]:
    """The method, which notices where it is called by the code of another task."""

    @functools.wraps(execute)
    def guarded(self: UserValue, *args: UserValue, **kwargs: UserValue) -> UserValue:
        if is_running() and not self.__dict__.get("_locked_for_execution"):
            message = (
                f"{type(self).__name__}.execute() of {self.task_id!r} is called by the code of a "
                f"task. It then has no retries, no rendered fields and no place in the DAG; make "
                f"it a task of its own."
            )
            if not self.allow_nested_operators:
                raise AirflowException(f"{message} It has allow_nested_operators=False.")
            self.log.warning(message)
        return execute(self, *args, **kwargs)

    return guarded


def _with_defaults(class_name: str, init: Callable[..., None]) -> Callable[..., None]:
    """The constructor, called with the default arguments that it names."""
    known: list[_Signature] = []

    @functools.wraps(init)
    def construct(self: UserValue, *args: UserValue, **kwargs: UserValue) -> None:
        if args:
            raise TypeError(
                f"{class_name} takes keyword arguments only; it was given {len(args)} without a "
                f"name."
            )
        place = self.__dict__.get("_place")
        if place is None:
            place = self._place = _detached[-1] if _detached else find_place(kwargs)
        if not known:
            known.append(_signature(init))
        _fill_in(type(self).__name__, known[0], kwargs, place.defaults)
        init(self, **kwargs)

    return construct


def _fill_in(
    class_name: str,
    signature: _Signature,
    arguments: MutableMapping[str, UserValue],
    defaults: Mapping[str, UserValue],
) -> None:
    for name, value in defaults.items():
        if name in signature.names and name not in arguments:
            arguments[name] = value
    if missing := signature.required - arguments.keys():
        whose = f" (task {arguments['task_id']!r})" if "task_id" in arguments else ""
        raise TypeError(
            f"{class_name} needs the argument{'s' if len(missing) > 1 else ''} "
            f"{', '.join(sorted(missing))}{whose}.{_misspelt(arguments, missing)}"
        )


def _misspelt(arguments: Collection[str], missing: Collection[str]) -> str:
    """Which of the given arguments may be meant to be one that is missing."""
    for name in arguments:
        if found := guess(name, missing):
            return f" It was given {name!r}.{found}"
    return ""


def _signature(init: Callable[..., None]) -> _Signature:
    variadic = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    parameters = [
        parameter
        for parameter in list(inspect.signature(init).parameters.values())[1:]
        if parameter.kind not in variadic
    ]
    return _Signature(
        names=frozenset(one.name for one in parameters),
        required=frozenset(
            one.name for one in parameters if one.default is inspect.Parameter.empty
        ),
    )


@functools.cache
def argument_names(operator_class: type) -> frozenset[str]:
    """Every argument that a class of operators takes by name, its bases' included."""
    names: set[str] = set()
    for one in operator_class.__mro__:
        init = one.__dict__.get("__init__")
        if init is not None and one is not object:
            names |= _signature(init).names
    return frozenset(names)
