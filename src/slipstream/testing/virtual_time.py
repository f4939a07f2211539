"""A clock that stands still until it is moved, and what is to happen on it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


class VirtualTime:
    """Time that passes only by `advance_to`; things due at one moment happen in order of call."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._count = 0
        self._agenda: list[tuple[datetime, int, Callable[[], object]]] = []

    def now(self) -> datetime:
        """The moment that it is."""
        return self._now

    def call_in(self, seconds: float, action: Callable[[], object]) -> None:
        """Do `action` that much later."""
        self._count += 1
        at = self._now + timedelta(seconds=seconds)
        heapq.heappush(self._agenda, (at, self._count, action))

    def next_at(self) -> datetime | None:
        """When the next thing happens, or None."""
        return self._agenda[0][0] if self._agenda else None

    def advance_to(self, moment: datetime) -> None:
        """Let time pass until `moment`, and do what is due by then."""
        while self._agenda and self._agenda[0][0] <= moment:
            at, _, action = heapq.heappop(self._agenda)
            self._now = max(self._now, at)
            action()
        self._now = max(self._now, moment)
