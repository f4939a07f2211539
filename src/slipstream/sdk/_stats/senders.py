"""Where metrics go: nowhere, StatsD, Datadog or OpenTelemetry, as `[metrics]` says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol, TypeAlias

from slipstream.sdk._stats.timers import Timer
from slipstream.sdk._types import UserValue

Delta: TypeAlias = "float | timedelta"
"""A length of time: milliseconds, where it is a number."""
Tags: TypeAlias = "Mapping[str, UserValue]"


class Sender(Protocol):
    """One backend."""

    def incr(self, stat: str, count: int = 1, rate: float = 1, *, tags: Tags | None = None) -> None:
        """Add to a counter."""

    def decr(self, stat: str, count: int = 1, rate: float = 1, *, tags: Tags | None = None) -> None:
        """Take from a counter."""

    def gauge(
        self,
        stat: str,
        value: float,
        rate: float = 1,
        delta: bool = False,
        *,
        tags: Tags | None = None,
    ) -> None:
        """Set a gauge, or change it by `value` where `delta` is set."""

    def timing(self, stat: str, dt: Delta, *, tags: Tags | None = None) -> None:
        """Tell how long something took."""

    def timer(self, stat: str | None = None, *, tags: Tags | None = None) -> Timer:
        """A stopwatch that tells how long something took."""

    def close(self) -> None:
        """Let go of sockets and threads."""


class NoStatsLogger:
    """Sends nothing."""

    def incr(self, *args: UserValue, **kwargs: UserValue) -> None:
        """Nothing."""

    def decr(self, *args: UserValue, **kwargs: UserValue) -> None:
        """Nothing."""

    def gauge(self, *args: UserValue, **kwargs: UserValue) -> None:
        """Nothing."""

    def timing(self, *args: UserValue, **kwargs: UserValue) -> None:
        """Nothing."""

    def timer(self, *args: UserValue, **kwargs: UserValue) -> Timer:
        """A stopwatch."""
        return Timer()

    def close(self) -> None:
        """Nothing."""


def milliseconds(length: Delta) -> float:
    """The length as a number."""
    return length.total_seconds() * 1000.0 if isinstance(length, timedelta) else float(length)
