"""When enough of a partition's window is there, as authors write it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from slipstream.sdk._own_code import is_ours


@dataclass(frozen=True)
class PartitionSatisfaction:
    """What a policy says of a partition."""

    satisfied: bool
    unreachable: bool = False
    """Whether it can never be satisfied, whatever arrives."""
    unreachable_reason: str | None = None

    def __post_init__(self) -> None:
        if self.unreachable is (self.unreachable_reason is None):
            raise ValueError(
                f"unreachable is {self.unreachable!r} and unreachable_reason "
                f"is {self.unreachable_reason!r}. A reason is given where it is unreachable."
            )


class WaitPolicy:
    """When enough of a window is there: the base of the policies.

    One of one's own has `is_satisfied`, by numbers, or `is_satisfied_by_keys`.
    """

    at_least: int | None = None

    @property
    def is_known(self) -> bool:
        """Whether the scheduler knows what it means."""
        return is_ours(type(self))

    def is_satisfied(self, matched: int, expected: int) -> bool:
        """Whether so many of the window's keys are enough."""
        raise NotImplementedError(f"{type(self).__name__} has to define is_satisfied().")

    def is_unreachable(self, expected: int) -> bool:
        """Whether a window of that many keys can never be enough."""
        del expected
        return False

    def is_satisfied_by_keys(
        self, *, matched: Set[str], expected: Set[str]
    ) -> PartitionSatisfaction:
        """The same of the keys that arrived, and of those of the window."""
        size = len(expected)
        unreachable = self.is_unreachable(size)
        reason = f"{self!r} is never satisfied by a window of {size} keys" if unreachable else None
        return PartitionSatisfaction(
            satisfied=self.is_satisfied(matched=len(matched & expected), expected=size),
            unreachable=unreachable,
            unreachable_reason=reason,
        )

    def __repr__(self) -> str:
        shown = "" if self.at_least is None else str(self.at_least)
        return f"{type(self).__name__}({shown})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((type(self), self.at_least))


class WaitForAll(WaitPolicy):
    """When everything is there."""

    def is_satisfied(self, matched: int, expected: int) -> bool:
        """Whether all of them are there."""
        return matched == expected


class MinimumCount(WaitPolicy):
    """When so many are there; a negative number: when at most so many are missing."""

    def __init__(self, n: int) -> None:
        if n == 0:
            raise ValueError(
                f"MinimumCount needs a whole number other than 0; it is {n!r}. Use WaitForAll() to "
                "wait for everything."
            )
        self.n = self.at_least = n

    def is_satisfied(self, matched: int, expected: int) -> bool:
        """Whether so many are there, or so few are missing."""
        return matched >= (self.n if self.n > 0 else max(0, expected + self.n))

    def is_unreachable(self, expected: int) -> bool:
        """Whether more are wanted than there are."""
        return self.n > expected
