"""Retry policies: whether a failed try is worth another one, judged by what went wrong."""

from __future__ import annotations

import logging
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

_log = logging.getLogger("airflow.task")


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
    """What to do after exceptions of some classes, given as classes or as import paths.

    Raises `ValueError` for a text without a dot. A path that cannot be imported is warned of and
    matches nothing: what it names may be there where the task runs.
    """

    exception: type[BaseException] | str | Sequence[type[BaseException] | str]
    action: RetryAction = RetryAction.RETRY
    retry_delay: timedelta | None = None
    reason: str | None = None
    match_subclasses: bool = True

    def __post_init__(self) -> None:
        for one in self._wanted:
            if isinstance(one, str):
                if "." not in one.strip("."):
                    raise ValueError(
                        f"A retry rule names the exception {one!r}; expected a class or an import "
                        f"path such as 'builtins.ValueError'."
                    )
                _exception_class(one)

    @property
    def _wanted(self) -> Sequence[type[BaseException] | str]:
        return [self.exception] if isinstance(self.exception, type | str) else self.exception

    def matches(self, exc: BaseException) -> bool:
        """Whether the rule speaks of this exception."""
        kinds = tuple(kind for one in self._wanted if (kind := _exception_class(one)) is not None)
        return isinstance(exc, kinds) if self.match_subclasses else type(exc) in kinds

    def serialize(self) -> dict[str, UserValue]:
        """The rule as JSON, its exceptions by their import paths."""
        return {
            "exception": [_path_of(one) for one in self._wanted],
            "action": RetryAction(self.action).value,
            "retry_delay": None if self.retry_delay is None else self.retry_delay.total_seconds(),
            "reason": self.reason,
            "match_subclasses": self.match_subclasses,
        }

    @classmethod
    def deserialize(cls, data: Mapping[str, UserValue]) -> RetryRule:
        """The rule again."""
        seconds = data.get("retry_delay")
        return cls(
            exception=data["exception"],
            action=RetryAction(data["action"]),
            retry_delay=None if seconds is None else timedelta(seconds=seconds),
            reason=data.get("reason"),
            match_subclasses=data.get("match_subclasses", True),
        )


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
                reason = rule.reason or f"a rule for {type(exception).__name__} matched"
                return RetryDecision(RetryAction(rule.action), rule.retry_delay, reason)
        return RetryDecision(self.default)

    def serialize(self) -> dict[str, UserValue]:
        """The rules and the default as JSON."""
        return {"rules": [rule.serialize() for rule in self.rules], "default": self.default.value}

    @classmethod
    def deserialize(cls, data: Mapping[str, UserValue]) -> ExceptionRetryPolicy:
        """The policy again."""
        rules = [RetryRule.deserialize(rule) for rule in data["rules"]]
        return cls(rules, RetryAction(data.get("default", "default")))

    def __repr__(self) -> str:
        return f"ExceptionRetryPolicy({len(self.rules)} rules, default={self.default.value!r})"


def _exception_class(given: type[BaseException] | str) -> type[BaseException] | None:
    if isinstance(given, type):
        return given
    module, _, name = given.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        _log.warning("The retry rule's exception %r cannot be imported; it matches nothing", given)
        return None
    if not (isinstance(found, type) and issubclass(found, BaseException)):
        raise TypeError(f"A retry rule names {given!r}, which is no class of exceptions.")
    return found


def _path_of(given: type[BaseException] | str) -> str:
    return given if isinstance(given, str) else f"{given.__module__}.{given.__qualname__}"
