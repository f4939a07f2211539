"""Moments to wake up at, as a heap."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from datetime import datetime
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Timers(Generic[K]):
    """One moment per key. Setting a key again replaces its moment."""

    def __init__(self) -> None:
        self._at: dict[K, tuple[datetime, int]] = {}
        self._heap: list[tuple[datetime, int, K]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._at)

    def set(self, key: K, at: datetime) -> None:
        """Wake for `key` at that moment, and no longer at the one set before."""
        self._count += 1
        self._at[key] = (at, self._count)
        heapq.heappush(self._heap, (at, self._count, key))

    def drop(self, key: K) -> None:
        """Do not wake for `key`. A key that is not set is ignored."""
        self._at.pop(key, None)

    def next_at(self) -> datetime | None:
        """The earliest moment, or None where nothing is set."""
        while self._heap:
            at, number, key = self._heap[0]
            if self._at.get(key) == (at, number):
                return at
            heapq.heappop(self._heap)
        return None

    def due(self, now: datetime) -> Iterator[tuple[K, datetime]]:
        """Take out and give what is due, earliest first. A key set meanwhile may come too."""
        while (at := self.next_at()) is not None and at <= now:
            _, _, key = heapq.heappop(self._heap)
            del self._at[key]
            yield key, at
