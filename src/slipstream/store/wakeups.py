"""Telling listeners that there may be a notice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol


class Wakeups(Protocol):
    """A way to wake listeners, here and in other processes. A wake-up carries nothing."""

    def wake(self) -> None:
        """Wake everybody who listens. Returns at once."""

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Be woken from now on; gives the undo."""

    def close(self) -> None:
        """Wake nobody any more."""


class LocalWakeups:
    """Wakes the listeners of this process."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._lock = threading.Lock()
        self._listeners: dict[int, Callable[[], None]] = {}
        self._next = 0

    def wake(self) -> None:
        """Call every listener, on the caller's thread."""
        with self._lock:
            listeners = tuple(self._listeners.values())
        for listener in listeners:
            listener()

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Be woken from now on; gives the undo."""
        with self._lock:
            number = self._next
            self._next += 1
            self._listeners[number] = wake

        def undo() -> None:
            with self._lock:
                self._listeners.pop(number, None)

        return undo

    @property
    def is_empty(self) -> bool:
        """Whether nobody listens."""
        with self._lock:
            return not self._listeners

    def close(self) -> None:
        """Wake nobody any more."""
        with self._lock:
            self._listeners.clear()
