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


def telling(text: str) -> str:
    """What is sent to tell that. Raises `ValueError` where it is too long for a wake-up."""
    sent = _TOLD + text
    if len(sent.encode()) > LONGEST_TOLD_BYTES:
        raise ValueError(f"{len(sent.encode())} bytes are more than {LONGEST_TOLD_BYTES}")
    return sent


def topics_of(text: str) -> Topics:
    """The topics that another process tells of; all of them where it speaks of an unknown one."""
    try:
        return frozenset(Topic(name) for name in text.split(","))
    except ValueError:
        return ALL_TOPICS


Hear: TypeAlias = "Callable[[str | None], None]"
"""Is given what another process tells; None where something may have been told and missed."""

LONGEST_TOLD_BYTES: Final = 4096
_TOLD: Final = "told "
"""Begins what is told. To a process of an earlier release it is an unknown topic."""


class Wakeups(Protocol):
    """A way to wake listeners, here and in other processes. A wake-up carries topics alone.

    Beside that, processes tell each other what is too small to be kept, and may be missed.
    """

    def wake(self, topics: Topics) -> None:
        """Wake everybody who listens to one of them. Returns at once."""

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """Be woken from now on; gives the undo."""

    def hear(self, hear: Hear) -> Callable[[], None]:
        """Hear from now on what other processes tell; gives the undo."""

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

    def hear(self, hear: Hear) -> Callable[[], None]:
        """There are no other processes."""
        del hear
        return lambda: None

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

    def __init__(self, new_ear: Callable[[Hear], E]) -> None:
        """`new_ear` makes what calls a function with the text that another process has sent, or
        with None where texts may have been missed."""
        self._new_ear = new_ear
        self._local = LocalWakeups()
        self._hearing: tuple[Hear, ...] = ()
        self._lock = threading.Lock()
        self._ear: E | None = None

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """Be woken from now on; gives the undo."""
        undo = self._local.listen(wake, topic)
        self._open()

        def stop() -> None:
            undo()
            self._stop_unless_wanted()

        return stop

    def hear(self, hear: Hear) -> Callable[[], None]:
        """Hear from now on what other processes tell; gives the undo."""
        with self._lock:
            self._hearing = (*self._hearing, hear)
        self._open()

        def stop() -> None:
            with self._lock:
                self._hearing = tuple(one for one in self._hearing if one is not hear)
            self._stop_unless_wanted()

        return stop

    def close(self) -> None:
        """Wake nobody any more."""
        self._local.close()
        self._hearing = ()
        self._stop()

    def _open(self) -> None:
        with self._lock:
            if self._ear is None:
                self._ear = self._new_ear(self._heard)
            ear = self._ear
        ear.wait_ready()

    def _heard(self, text: str | None) -> None:
        """What another process has sent, in the ear's thread."""
        if text is None or text.startswith(_TOLD):
            told = None if text is None else text.removeprefix(_TOLD)
            for hear in self._hearing:
                hear(told)
        if text is None:
            self._local.wake(ALL_TOPICS)
        elif not text.startswith(_TOLD):
            self._local.wake(topics_of(text))

    def _stop_unless_wanted(self) -> None:
        if self._local.is_empty and not self._hearing:
            self._stop()

    def _stop(self) -> None:
        with self._lock:
            ear, self._ear = self._ear, None
        # Not under the lock: its thread may be waiting for it, to stop listening.
        if ear is not None:
            ear.close()
