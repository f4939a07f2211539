"""What a mapped task or group is expanded over."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from slipstream.sdk._references import Reference, ResolveMixin, find_references
from slipstream.sdk._types import UserValue
from slipstream.sdk._xcom_arg import XComArg
from slipstream.sdk._xcom_sequences import LazyXComSequence
from slipstream.sdk.exceptions import UnmappableXComTypePushed

if TYPE_CHECKING:
    from slipstream.model.dag import Length
    from slipstream.sdk._context import Context

Mappable: TypeAlias = "Sequence[UserValue] | Mapping[UserValue, UserValue] | XComArg"
"""What one argument may be expanded over."""


def is_mappable(value: object) -> TypeGuard[Mappable]:
    """Whether an argument can be expanded over this."""
    if isinstance(value, XComArg):
        return True
    return isinstance(value, Sequence | Mapping) and not isinstance(value, str | bytes)


class ExpandInput(ABC):
    """What a mapped task or group is expanded over."""

    @abstractmethod
    def iter_references(self) -> Iterator[Reference]:
        """The tasks that must have run before the length is known."""

    @abstractmethod
    def iter_mapped_over(self) -> Iterator[Reference]:
        """Those of the references whose items the instances are made of."""

    @abstractmethod
    def length(self) -> Length:
        """How many instances there will be, as an expression over upstream tasks."""

    @abstractmethod
    def count(self, context: Context) -> int:
        """How many instances there are, looked up from the running task."""

    @abstractmethod
    def resolve(
        self, context: Context, index: int, pulled: list[UserValue] | None = None
    ) -> Mapping[str, UserValue]:
        """The mapped arguments of the instance with that index.

        Those that tasks have pushed are put into `pulled` too: they are data, and no templates.
        """


class DictOfListsExpandInput(ExpandInput):
    """`expand(x=[…], y=[…])`: the cross product, the last argument varying fastest."""

    def __init__(self, value: Mapping[str, Mappable]) -> None:
        self.value = dict(value)

    def iter_references(self) -> Iterator[Reference]:
        """The tasks behind the arguments and the items in them."""
        return find_references(self.value)

    def iter_mapped_over(self) -> Iterator[Reference]:
        """The tasks whose outputs are arguments."""
        for value in self.value.values():
            if isinstance(value, XComArg):
                yield from value.iter_references()

    def length(self) -> Length:
        """The product of the arguments' lengths."""
        from slipstream.model.dag import Product

        lengths = tuple(_length(value) for value in self.value.values())
        return lengths[0] if len(lengths) == 1 else Product(lengths)

    def count(self, context: Context) -> int:
        """The product of the arguments' lengths."""
        return prod(len(_items(name, value, context, 0)) for name, value in self.value.items())

    def resolve(
        self, context: Context, index: int, pulled: list[UserValue] | None = None
    ) -> Mapping[str, UserValue]:
        """One item of each argument."""
        found: dict[str, UserValue] = {}
        rest = index
        slowest = next(iter(self.value), None)
        for name in reversed(self.value):
            items = _items(name, self.value[name], context, rest)
            position = rest
            if name != slowest:
                if not items:
                    raise IndexError(
                        f"Argument {name!r} of the map is empty now; it was not before."
                    )
                rest, position = divmod(rest, len(items))
            item = _item(items, position, index)
            found[name] = _nested(item, context)
            if pulled is not None and _is_pulled(self.value[name], item):
                pulled.append(found[name])
        return {name: found[name] for name in self.value}


class ListOfDictsExpandInput(ExpandInput):
    """`expand_kwargs([{…}, {…}])`: one instance for each dictionary of arguments."""

    def __init__(self, value: Sequence[Mapping[str, UserValue] | XComArg] | XComArg) -> None:
        self.value = value

    def iter_references(self) -> Iterator[Reference]:
        """The tasks behind the list and the items in it."""
        return find_references(self.value)

    def iter_mapped_over(self) -> Iterator[Reference]:
        """The task whose output is the list."""
        if isinstance(self.value, XComArg):
            yield from self.value.iter_references()

    def length(self) -> Length:
        """The length of the list."""
        return _length(self.value)

    def count(self, context: Context) -> int:
        """The length of the list."""
        return len(_items("expand_kwargs()", self.value, context, 0))

    def resolve(
        self, context: Context, index: int, pulled: list[UserValue] | None = None
    ) -> Mapping[str, UserValue]:
        """The arguments at that place of the list."""
        arguments = given = _items("expand_kwargs()", self.value, context, index)[index]
        if isinstance(arguments, ResolveMixin):
            arguments = arguments.resolve(context)
        if not isinstance(arguments, Mapping):
            raise UnmappableXComTypePushed(
                f"expand_kwargs() needs a list of dictionaries; item {index} is of type "
                f"{type(arguments).__name__}."
            )
        for name in arguments:
            if not isinstance(name, str):
                raise UnmappableXComTypePushed(
                    f"expand_kwargs() needs dictionaries with text as keys; item {index} has the "
                    f"key {name!r} of type {type(name).__name__}."
                )
        found = {name: _nested(value, context) for name, value in arguments.items()}
        if pulled is not None:
            pulled += [
                found[name]
                for name, value in arguments.items()
                if _is_pulled(self.value, given, value)
            ]
        return found


def _is_pulled(*givers: object) -> bool:
    """Whether one of what a value was taken out of, or was itself, is the output of a task."""
    return any(isinstance(giver, ResolveMixin) for giver in givers)


def _length(value: object) -> Length:
    if isinstance(value, XComArg):
        return value.length()
    if isinstance(value, MappedArgument):
        raise NotImplementedError(
            "A task in a mapped group cannot be expanded over the group's own argument."
        )
    assert isinstance(value, Sequence | Mapping)
    from slipstream.model.dag import Literal

    return Literal(len(value))


def _items(
    name: str, value: object, context: Context, near: int | None = None
) -> Sequence[UserValue]:
    """The items of one argument; those of a mapping are its pairs.

    `near` is the item that will be looked at, modulo their number; None for nobody knows which.
    """
    if type(value) is list:
        return value
    if isinstance(value, XComArg) and near is not None:
        value = value.items(context, near)
    elif isinstance(value, ResolveMixin):
        value = value.resolve(context)
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return value
    raise UnmappableXComTypePushed(
        f"A map needs a list or a dictionary for {name!r}; it was given a value of type "
        f"{type(value).__name__}."
    )


def _item(items: Sequence[UserValue], position: int, index: int) -> UserValue:
    """The item for the instance with that map index."""
    if isinstance(items, LazyXComSequence):
        # To count what the instances upstream have pushed costs more than to fetch one of them.
        return items.at(position)
    if position >= len(items):
        raise IndexError(f"There is no map index {index}: the map has become shorter.")
    return items[position]


_NEVER_RESOLVED = frozenset({type(None), bool, int, float, str, dict, list})


def _nested(value: UserValue, context: Context) -> UserValue:
    """An item that is itself the output of a task."""
    if type(value) in _NEVER_RESOLVED:
        return value
    return value.resolve(context) if isinstance(value, ResolveMixin) else value


class MappedArgument(ResolveMixin):
    """Stands for a mapped group's argument inside the group."""

    def __init__(self, expand_input: ExpandInput, key: str) -> None:
        self._input = expand_input
        self._key = key

    def iter_references(self) -> Iterator[Reference]:
        """The tasks that the group is expanded over."""
        return self._input.iter_references()

    def resolve(self, context: Context) -> UserValue:
        """The argument for the group instance that the running task stands in."""
        from slipstream.sdk._mapping import group_argument

        return group_argument(self._input, self._key, context)

    def __iter__(self) -> Iterator[UserValue]:
        raise TypeError(
            f"Argument {self._key!r} of a mapped task group cannot be iterated over: it is not "
            f"known while the file is parsed. Pass it to a task, and do the loop there."
        )

    def __repr__(self) -> str:
        return f"MappedArgument({self._key!r})"
