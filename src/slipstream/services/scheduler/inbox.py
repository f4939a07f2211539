"""Everything that reaches the scheduler from other threads, in one queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TypeAlias

from slipstream.executors.interface import Report

Command: TypeAlias = Callable[[], None]
"""Something to do on the scheduler's own thread."""


class _Token:
    """A mark in the queue that carries nothing."""


_NOTICES = _Token()
_NUDGE = _Token()


@dataclass(slots=True)
class Mail:
    """What had arrived when the inbox was emptied."""

    reports: list[Report] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    notices: bool = False
    """Whether the store may hold notices."""


class Inbox:
    """Takes from any thread without blocking; the scheduler's thread alone empties it."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Sequence[Report] | Command | _Token] = SimpleQueue()
        self._lock = Lock()
        self._notices_pending = False

    def report(self, reports: Sequence[Report]) -> None:
        """Take an executor's reports: the executor's `Sink`."""
        self._queue.put(reports)

    def notices_may_be_there(self) -> None:
        """Take the store's hint. Many hints before the next look are one."""
        with self._lock:
            if self._notices_pending:
                return
            self._notices_pending = True
        self._queue.put(_NOTICES)

    def call(self, command: Command) -> None:
        """Have `command` run on the scheduler's thread."""
        self._queue.put(command)

    def nudge(self) -> None:
        """End the wait that is going on, with nothing to say."""
        self._queue.put(_NUDGE)

    def collect(self, timeout: float | None) -> Mail:
        """Everything that has arrived; waits for the first of it (None: for ever)."""
        mail = Mail()
        try:
            item = (
                self._queue.get_nowait()
                if timeout is not None and timeout <= 0
                else self._queue.get(timeout=timeout)
            )
            while True:
                self._sort(item, mail)
                item = self._queue.get_nowait()
        except Empty:
            return mail

    def _sort(self, item: Sequence[Report] | Command | _Token, mail: Mail) -> None:
        if item is _NOTICES:
            with self._lock:
                self._notices_pending = False
            mail.notices = True
        elif isinstance(item, _Token):
            return
        elif isinstance(item, Sequence):
            mail.reports.extend(item)
        else:
            mail.commands.append(item)
