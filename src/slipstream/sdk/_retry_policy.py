"""Retry policies: whether a failed try is worth another one, judged by what went wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING

from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class RetryAction(StrEnum):
    """What a policy says: try again, do not, or whatever the task's `retries` say."""

    RETRY = "retry"
    FAIL = "fail"
    DEFAULT = "default"


@dataclass(frozen=True)
class RetryDecision:
    """A policy's answer; `retry_delay` replaces the task's own, where it is given."""

    action: RetryAction = RetryAction.DEFAULT
    retry_delay: timedelta | None = None
    reason: str | None = None

    @classmethod
    def fail(cls, reason: str | None = None) -> RetryDecision:
        """No further try."""
        return cls(RetryAction.FAIL, reason=reason)

    @classmethod
    def retry(cls, delay: timedelta | None = None, reason: str | None = None) -> RetryDecision:
        """Another try, if one is left."""
        return cls(RetryAction.RETRY, delay, reason)

    @classmethod
    def default(cls) -> RetryDecision:
        """As the task's `retries` say."""
        return cls()


class RetryPolicy(ABC):
    """Base of retry policies; passed to a task as `retry_policy`."""

    @abstractmethod
    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        """What to do after this exception."""

    def serialize(self) -> dict[str, UserValue]:
        """What `deserialize` needs to make it again."""
        return {}

    @classmethod
    def deserialize(cls, data: Mapping[str, UserValue]) -> RetryPolicy:
        """Make it again."""
        return cls(**data)


@dataclass(frozen=True)
class RetryRule:
    """What to do after exceptions of some classes, given as classes or as import paths."""

    exception: type[BaseException] | str | Sequence[type[BaseException] | str]
    action: RetryAction = RetryAction.RETRY
    retry_delay: timedelta | None = None
    reason: str | None = None
    match_subclasses: bool = True

    def matches(self, exc: BaseException) -> bool:
        """Whether the rule speaks of this exception."""
        wanted = [self.exception] if isinstance(self.exception, type | str) else self.exception
        for one in wanted:
            kind = _exception_class(one)
            if isinstance(exc, kind) if self.match_subclasses else type(exc) is kind:
                return True
        return False


class ExceptionRetryPolicy(RetryPolicy):
    """The first rule that matches decides; where none does, `default`."""

    def __init__(
        self, rules: Sequence[RetryRule], default: RetryAction = RetryAction.DEFAULT
    ) -> None:
        self.rules = list(rules)
        self.default = RetryAction(default)

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        """What the first matching rule says."""
        for rule in self.rules:
            if rule.matches(exception):
                return RetryDecision(RetryAction(rule.action), rule.retry_delay, rule.reason)
        return RetryDecision(self.default)

    def __repr__(self) -> str:
        return f"ExceptionRetryPolicy({len(self.rules)} rules, default={self.default.value!r})"


def _exception_class(given: type[BaseException] | str) -> type[BaseException]:
    if isinstance(given, type):
        return given
    module, _, name = given.rpartition(".")
    found = getattr(import_module(module or "builtins"), name)
    if not (isinstance(found, type) and issubclass(found, BaseException)):
        raise TypeError(f"A retry rule names {given!r}, which is no class of exceptions.")
    return found
