"""The output of a task, as an argument of another task."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, ClassVar, Self

from slipstream.sdk import _setup_teardown
from slipstream.sdk._node import DependencyMixin, Orderable
from slipstream.sdk._references import Reference, ResolveMixin, find_references
from slipstream.sdk._types import NOTSET, ArgNotSet, UserValue
from slipstream.sdk._xcom_sequences import (
    ConcatSequence,
    MapSequence,
    PushedItems,
    ZipSequence,
)
from slipstream.sdk.exceptions import XComNotFound

if TYPE_CHECKING:
    from types import TracebackType

    from slipstream.model.dag import Length
    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._context import Context
    from slipstream.sdk._edges import EdgeModifier

XCOM_RETURN_KEY = "return_value"
"""The key of what a task returns."""


class XComArg(ResolveMixin, DependencyMixin):
    """The output of a task, to hand to other tasks before it exists.

    `XComArg(operator)` is what the operator returns, `XComArg(operator, "key")` what it pushes
    under that key. A task that is given one as an argument waits for the operator.
    """

    def __new__(cls, *args: UserValue, **kwargs: UserValue) -> Self:
        # XComArg(operator) is what people write; PlainXComArg is what it gives.
        return super().__new__(PlainXComArg if cls is XComArg else cls)  # type: ignore[return-value]  # a subclass of cls

    @abstractmethod
    def length(self) -> Length:
        """How many items it has, as an expression over upstream tasks."""

    def items(self, context: Context, near: int) -> UserValue:
        """What `resolve` gives, for somebody who looks at the item `near`, modulo the length."""
        del near
        return self.resolve(context)

    @property
    def operators(self) -> list[AbstractOperator]:
        """The tasks that it reads from, each once."""
        return list({id(task): task for task, _ in self.iter_references()}.values())

    @property
    def roots(self) -> Sequence[AbstractOperator]:
        """The tasks that it reads from."""
        return self.operators

    @property
    def leaves(self) -> Sequence[AbstractOperator]:
        """The tasks that it reads from."""
        return self.operators

    def set_upstream(self, other: Orderable, edge_modifier: EdgeModifier | None = None) -> None:
        """Let the tasks behind it wait for `other`."""
        for task in self.operators:
            task.set_upstream(other, edge_modifier)

    def set_downstream(self, other: Orderable, edge_modifier: EdgeModifier | None = None) -> None:
        """Let `other` wait for the tasks behind it."""
        for task in self.operators:
            task.set_downstream(other, edge_modifier)

    @staticmethod
    def apply_upstream_relationship(operator: AbstractOperator, argument: object) -> None:
        """Let the operator wait for every task whose output is in the argument."""
        for task, _ in find_references(argument):
            if task.task_id not in operator.upstream_task_ids:
                operator.set_upstream(task)

    @staticmethod
    def iter_xcom_references(argument: object) -> Iterator[Reference]:
        """The tasks whose outputs are in the argument, and the keys."""
        return find_references(argument)

    def map(self, function: Callable[[UserValue], UserValue]) -> MapXComArg:
        """Every item put through `function`, in the process of the task that uses it.

        A function that raises `AirflowSkipException` for an item skips the instance that would
        have been made for it.
        """
        return MapXComArg(self, (function,))

    def zip(self, *others: XComArg, fillvalue: UserValue = NOTSET) -> ZipXComArg:
        """Tuples of the items at the same place; to the shortest, or filled to the longest."""
        return ZipXComArg((self, *others), fillvalue=fillvalue)

    def concat(self, *others: XComArg) -> ConcatXComArg:
        """All items, one output after the other."""
        return ConcatXComArg((self, *others))

    def as_setup(self) -> Self:
        """Make the tasks behind it setups."""
        for task in self.operators:
            task.is_setup = True
        return self

    def as_teardown(
        self,
        *,
        setups: AbstractOperator
        | DependencyMixin
        | Sequence[AbstractOperator | DependencyMixin]
        | None = None,
        on_failure_fail_dagrun: bool | None = None,
    ) -> Self:
        """Make the tasks behind it teardowns, of `setups` where they are given."""
        for task in self.operators:
            task.as_teardown(setups=setups, on_failure_fail_dagrun=on_failure_fail_dagrun)
        return self

    def __iter__(self) -> Iterator[UserValue]:
        raise TypeError(
            f"{self!r} cannot be iterated over: its length is not known while the file is parsed. "
            f"Expand a task over it with .expand(), or do the loop inside a task."
        )

    def __contains__(self, item: object) -> bool:
        raise TypeError(f"{self!r} is not known while the file is parsed; `in` has no answer yet.")

    def __enter__(self) -> Self:
        _setup_teardown.enter(self.operators)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _setup_teardown.leave(failed=kind is not None)

    def add_task(self, task: DependencyMixin) -> None:
        """Inside `with self:` let a task that was made before stand in between, too."""
        for one in task.roots:
            _setup_teardown.add_to_scope(one)


class PlainXComArg(XComArg):
    """What one task pushes under one key."""

    def __init__(self, operator: AbstractOperator, key: str = XCOM_RETURN_KEY) -> None:
        self.operator = operator
        self.key = key

    def iter_references(self) -> Iterator[Reference]:
        """The task and the key."""
        yield self.operator, self.key

    def length(self) -> Length:
        """As many as the task pushed."""
        from slipstream.model.dag import Upstream

        return Upstream(self.operator.task_id, self.key)

    def resolve(self, context: Context) -> UserValue:
        """What was pushed: one value, or a lazy sequence where the task is mapped.

        None where nothing was pushed: the task was skipped, or gave nothing. Raises `XComNotFound`
        for another key of a task that has no `multiple_outputs`: nobody promised that one.
        """
        from slipstream.sdk._mapping import pull

        return self._found(pull(self.operator, self.key, context))

    def items(self, context: Context, near: int) -> UserValue:
        """A sequence that fetches what is asked for, where the value is a list or a mapping."""
        from slipstream.sdk._mapping import pull_items

        return self._found(pull_items(self.operator, self.key, context, near))

    def _found(self, value: UserValue | ArgNotSet) -> UserValue:
        if not isinstance(value, ArgNotSet):
            return value
        if self.key == XCOM_RETURN_KEY or getattr(self.operator, "multiple_outputs", False):
            return None
        raise XComNotFound(self.operator.dag_id, self.operator.task_id, self.key)

    @property
    def is_setup(self) -> bool:
        """Whether the task is a setup."""
        return self.operator.is_setup

    @is_setup.setter
    def is_setup(self, value: bool) -> None:
        self.operator.is_setup = value

    @property
    def is_teardown(self) -> bool:
        """Whether the task is a teardown."""
        return self.operator.is_teardown

    @is_teardown.setter
    def is_teardown(self, value: bool) -> None:
        self.operator.is_teardown = value

    @property
    def on_failure_fail_dagrun(self) -> bool:
        """For a teardown: whether its failure fails the run."""
        return self.operator.on_failure_fail_dagrun

    @on_failure_fail_dagrun.setter
    def on_failure_fail_dagrun(self, value: bool) -> None:
        self.operator.on_failure_fail_dagrun = value

    def __getitem__(self, key: str) -> PlainXComArg:
        """What the task pushes under another key, as it does with `multiple_outputs`."""
        if not isinstance(key, str):
            raise ValueError(
                f"The output of a task can be indexed with the key of an XCom, which is text; "
                f"{key!r} is of type {type(key).__name__}. Index the value inside a task."
            )
        return PlainXComArg(self.operator, key)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PlainXComArg):
            return NotImplemented
        return self.operator is other.operator and self.key == other.key

    def __hash__(self) -> int:
        return hash((id(self.operator), self.key))

    def __repr__(self) -> str:
        key = "" if self.key == XCOM_RETURN_KEY else f", {self.key!r}"
        return f"XComArg({self.operator!r}{key})"

    def __str__(self) -> str:
        """A template that gives the value: outputs may be put into texts."""
        pull = f"task_ids={self.operator.task_id!r}, dag_id={self.operator.dag_id!r}"
        return f"{{{{ task_instance.xcom_pull({pull}, key={self.key!r}) }}}}"


class _DerivedXComArg(XComArg):
    """Made from other outputs."""

    _word: ClassVar[str]

    def __init__(self, sources: Sequence[XComArg]) -> None:
        for source in sources:
            if not isinstance(source, XComArg):
                raise TypeError(
                    f"{self._word}() takes outputs of tasks; {source!r} is of type "
                    f"{type(source).__name__}."
                )
        self.sources = tuple(sources)

    def iter_references(self) -> Iterator[Reference]:
        """Those of the sources."""
        for source in self.sources:
            yield from source.iter_references()

    def resolve(self, context: Context) -> UserValue:
        """A sequence that computes its items as they are asked for."""
        return self._made_of([_sequence(self._word, one.resolve(context)) for one in self.sources])

    def items(self, context: Context, near: int) -> UserValue:
        """The same, of sources that fetch only what is asked for."""
        return self._made_of(
            [_sequence(self._word, one.items(context, near)) for one in self.sources]
        )

    @abstractmethod
    def _made_of(self, sources: list[Sequence[UserValue]]) -> Sequence[UserValue]:
        """The sequence over the sources' items."""

    def __repr__(self) -> str:
        first, *others = map(repr, self.sources)
        return f"{first}.{self._word}({', '.join(others)})"


class MapXComArg(_DerivedXComArg):
    """Every item of an output put through functions."""

    _word = "map"

    def __init__(
        self, source: XComArg, functions: Sequence[Callable[[UserValue], UserValue]]
    ) -> None:
        super().__init__((source,))
        for function in functions:
            if hasattr(function, "operator_class") or isinstance(function, DependencyMixin):
                raise ValueError("map() takes a plain function; to run a task for each use expand.")
            if not callable(function):
                raise TypeError(f"map() takes a function; {function!r} cannot be called.")
        self.functions = tuple(functions)

    def map(self, function: Callable[[UserValue], UserValue]) -> MapXComArg:
        """Every item put through one more function."""
        return MapXComArg(self.sources[0], (*self.functions, function))

    def length(self) -> Length:
        """That of what is mapped."""
        return self.sources[0].length()

    def _made_of(self, sources: list[Sequence[UserValue]]) -> Sequence[UserValue]:
        return MapSequence(sources[0], self.functions)

    def __repr__(self) -> str:
        calls = "".join(
            f".map({getattr(function, '__name__', function)})" for function in self.functions
        )
        return f"{self.sources[0]!r}{calls}"


class ZipXComArg(_DerivedXComArg):
    """Tuples of the items at the same place of several outputs."""

    _word = "zip"

    def __init__(self, sources: Sequence[XComArg], *, fillvalue: UserValue = NOTSET) -> None:
        super().__init__(sources)
        self.fillvalue = fillvalue

    def length(self) -> Length:
        """The shortest, or with a fill value the longest."""
        lengths = tuple(source.length() for source in self.sources)
        if len(lengths) == 1:
            return lengths[0]
        from slipstream.model.dag import Longest, Shortest

        return Shortest(lengths) if isinstance(self.fillvalue, ArgNotSet) else Longest(lengths)

    def _made_of(self, sources: list[Sequence[UserValue]]) -> Sequence[UserValue]:
        return ZipSequence(sources, self.fillvalue)


class ConcatXComArg(_DerivedXComArg):
    """The items of several outputs, one after the other."""

    _word = "concat"

    def length(self) -> Length:
        """All together."""
        from slipstream.model.dag import Sum

        lengths = tuple(source.length() for source in self.sources)
        return lengths[0] if len(lengths) == 1 else Sum(lengths)

    def concat(self, *others: XComArg) -> ConcatXComArg:
        """More items behind."""
        return ConcatXComArg((*self.sources, *others))

    def _made_of(self, sources: list[Sequence[UserValue]]) -> Sequence[UserValue]:
        return ConcatSequence(sources)


def _sequence(word: str, value: object) -> Sequence[UserValue]:
    """The items of an output; those of a mapping are its pairs, and its keys for `concat`."""
    if isinstance(value, Mapping):
        return list(value) if word == ConcatXComArg._word else list(value.items())
    if isinstance(value, PushedItems) and value.are_pairs and word == ConcatXComArg._word:
        return MapSequence(value, (itemgetter(0),))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return value
    raise ValueError(
        f"XComArg.{word}() needs a list or a dictionary; the task pushed a value of type "
        f"{type(value).__name__}."
    )
