"""Telling listeners that there may be something for them in the database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Final, Generic, Protocol, TypeAlias, TypeVar


class Topic(StrEnum):
    """What there may be something of; listeners of another topic sleep on."""

    NOTICES = "notices"
    """Notices for the scheduler."""
    FILES = "files"
    """DAG files that somebody wants loaded again."""
    TRIGGERS = "triggers"
    """Triggerers that come and go, and what passes between them and the scheduler."""


Topics: TypeAlias = Collection[Topic]
ALL_TOPICS: Final = frozenset(Topic)


def topics_text(topics: Topics) -> str:
    """The topics as other processes are told."""
    return ",".join(sorted(topics))


def topics_of(text: str) -> Topics:
    """The topics that another process tells of; all of them where it speaks of an unknown one."""
    try:
        return frozenset(Topic(name) for name in text.split(","))
    except ValueError:
        return ALL_TOPICS


class Wakeups(Protocol):
    """A way to wake listeners, here and in other processes. A wake-up carries topics alone."""

    def wake(self, topics: Topics) -> None:
        """Wake everybody who listens to one of them. Returns at once."""

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """Be woken from now on; gives the undo."""

    def close(self) -> None:
        """Wake nobody any more."""


class LocalWakeups:
    """Wakes the listeners of this process."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._lock = threading.Lock()
        self._listeners: dict[int, tuple[Topic, Callable[[], None]]] = {}
        self._next = 0

    def wake(self, topics: Topics) -> None:
        """Call every listener to one of them, on the caller's thread."""
        with self._lock:
            listeners = tuple(self._listeners.values())
        for topic, listener in listeners:
            if topic in topics:
                listener()

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """Be woken from now on; gives the undo."""
        with self._lock:
            number = self._next
            self._next += 1
            self._listeners[number] = (topic, wake)

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


class Ear(Protocol):
    """Hears, in a thread of its own, that another process wakes."""

    def wait_ready(self) -> None:
        """Return when it hears, or has found that it cannot yet."""

    def close(self) -> None:
        """End the thread."""


E = TypeVar("E", bound=Ear)


class SharedWakeups(Generic[E]):
    """Wakes the listeners of this process, by itself and by others. It hears while one listens."""

    def __init__(self, new_ear: Callable[[Callable[[Topics], None]], E]) -> None:
        """`new_ear` makes what calls a function with the topics whenever another process wakes."""
        self._new_ear = new_ear
        self._local = LocalWakeups()
        self._lock = threading.Lock()
        self._ear: E | None = None

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """Be woken from now on; gives the undo."""
        undo = self._local.listen(wake, topic)
        with self._lock:
            if self._ear is None:
                self._ear = self._new_ear(self._local.wake)
            ear = self._ear
        ear.wait_ready()

        def stop() -> None:
            undo()
            if self._local.is_empty:
                self._stop()

        return stop

    def close(self) -> None:
        """Wake nobody any more."""
        self._local.close()
        self._stop()

    def _stop(self) -> None:
        with self._lock:
            ear, self._ear = self._ear, None
        # Not under the lock: its thread may be waiting for it, to stop listening.
        if ear is not None:
            ear.close()
