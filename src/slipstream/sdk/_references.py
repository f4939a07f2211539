"""Values that are known only while a task runs, and where they hide in arguments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._context import Context

Reference: TypeAlias = "tuple[AbstractOperator, str]"
"""A task and the key of what it pushes."""


class ResolveMixin(ABC):
    """A stand-in for a value that is known only while a task runs."""

    @abstractmethod
    def iter_references(self) -> Iterator[Reference]:
        """The tasks that must have run before it can be resolved, and which XComs it reads."""

    @abstractmethod
    def resolve(self, context: Context) -> UserValue:
        """The value, as seen by the task instance of `context`."""


class LiteralValue(ResolveMixin):
    """A value that the template engine leaves as it is."""

    def __init__(self, value: UserValue) -> None:
        self.value = value

    def iter_references(self) -> Iterator[Reference]:
        """Nothing."""
        return iter(())

    def resolve(self, context: Context) -> UserValue:
        """The value."""
        return self.value

    def __repr__(self) -> str:
        return f"literal({self.value!r})"


literal = LiteralValue
"""Marks a value of a template field that must not be rendered."""


def find_references(value: object) -> Iterator[Reference]:
    """The references in a value, in lists and mappings in it, and in nested template fields."""
    return _find(value, set())


def _find(value: object, seen: set[int]) -> Iterator[Reference]:
    if isinstance(value, ResolveMixin):
        yield from value.iter_references()
    elif isinstance(value, str | bytes | int | float) or value is None or id(value) in seen:
        return
    elif isinstance(value, tuple | list | set | frozenset):
        seen.add(id(value))
        for item in value:
            yield from _find(item, seen)
    elif isinstance(value, Mapping):
        seen.add(id(value))
        for item in value.values():
            yield from _find(item, seen)
    else:
        seen.add(id(value))
        yield from _find_in_template_fields(value, seen)


def _find_in_template_fields(value: object, seen: set[int]) -> Iterator[Reference]:
    from slipstream.sdk._node import DependencyMixin

    fields = getattr(type(value), "template_fields", None)
    if isinstance(value, DependencyMixin) or not isinstance(fields, tuple | list):
        return
    for name in fields:
        yield from _find(getattr(value, name, None), seen)
