"""How many instances a map has: the value of a `Length` expression."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias, assert_never

from slipstream.model.dag import Length, Literal, Longest, Product, Shortest, Sum, Upstream

Lookup: TypeAlias = Callable[[str, str], int | None]
"""`(task_id, xcom key)` to the length of what was pushed, or None where nothing sized was."""


def evaluate(length: Length, lookup: Lookup) -> int | None:
    """The number of items, or None where an upstream pushed nothing that has a length."""
    match length:
        case Literal():
            return length.length
        case Upstream():
            return lookup(length.task_id, length.key)
        case Product():
            return _combined(length.of, lookup, _product)
        case Shortest():
            return _combined(length.of, lookup, min)
        case Longest():
            return _combined(length.of, lookup, max)
        case Sum():
            return _combined(length.of, lookup, sum)
    assert_never(length)


def references(length: Length) -> Iterator[Upstream]:
    """Every upstream value that the expression needs."""
    match length:
        case Upstream():
            yield length
        case Product() | Shortest() | Longest() | Sum():
            for part in length.of:
                yield from references(part)
        case Literal():
            return


def _combined(
    parts: tuple[Length, ...], lookup: Lookup, combine: Callable[[list[int]], int]
) -> int | None:
    values = [evaluate(part, lookup) for part in parts]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return combine(known) if known else 0


def _product(values: list[int]) -> int:
    total = 1
    for value in values:
        total *= value
    return total
