"""Everything that reaches the scheduler from other threads, in one queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Final, TypeAlias

from slipstream.executors.interface import Report

Command: TypeAlias = Callable[[], None]
"""Something to do on the scheduler's own thread."""


class _Token:
    """A mark in the queue that carries nothing."""


_NOTICES = _Token()
_NUDGE = _Token()

_SHORTEST_REST_SECONDS: Final = 0.005
_LONGEST_REST_SECONDS: Final = 0.025


@dataclass(slots=True)
class Mail:
    """What had arrived when the inbox was emptied."""

    reports: list[Report] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    notices: bool = False
    """Whether the store may hold notices."""
    nudged: bool = False
    """Whether somebody wants the wait to end."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing had arrived."""
        return not (self.reports or self.commands or self.notices or self.nudged)


class Inbox:
    """Takes from any thread without blocking; the scheduler's thread alone empties it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds that never go back."""
        self._clock = clock
        self._queue: SimpleQueue[Sequence[Report] | Command | _Token] = SimpleQueue()
        self._lock = Lock()
        self._notices_pending = False
        self._is_resting = False
        self._rest_ends = 0.0

    def report(self, reports: Sequence[Report]) -> None:
        """Take an executor's reports: the executor's `Sink`."""
        self._queue.put(reports)

    def notices_may_be_there(self) -> None:
        """Take the store's hint. Many hints before the next look are one."""
        with self._lock:
            if self._notices_pending:
                return
            self._notices_pending = True
            if self._is_resting:
                return
        self._queue.put(_NOTICES)

    def call(self, command: Command) -> None:
        """Have `command` run on the scheduler's thread."""
        self._queue.put(command)

    def nudge(self) -> None:
        """End the wait that is going on, with nothing to say."""
        self._queue.put(_NUDGE)

    def rest(self, seconds: float) -> None:
        """Let notices that come from now on gather for that long, 5 to 25 ms.

        A look at the notices costs the same for one as for many, and so does it to wake a thread.
        """
        lasts = min(max(seconds, _SHORTEST_REST_SECONDS), _LONGEST_REST_SECONDS)
        with self._lock:
            self._rest_ends = self._clock() + lasts
            self._is_resting = True

    def collect(self, timeout: float | None) -> Mail:
        """Everything that has arrived; waits for the first of it (None: for ever)."""
        mail = Mail()
        end = None if timeout is None else self._clock() + timeout
        while self._is_resting:
            # Nobody wakes for a hint until the rest is over; so this does not sleep longer.
            rest = self._rest_ends - self._clock()
            self._empty_into(mail, rest if timeout is None else min(rest, timeout))
            self._look_up(mail)
            if end is not None:
                timeout = end - self._clock()
            if not mail.is_empty or (timeout is not None and timeout <= 0):
                return mail
        self._empty_into(mail, timeout)
        self._look_up(mail)
        return mail

    def _empty_into(self, mail: Mail, timeout: float | None) -> None:
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
            return

    def _look_up(self, mail: Mail) -> None:
        """Take in the hints of a rest that is over; whatever is left from here on is a new one."""
        with self._lock:
            if self._is_resting and self._clock() >= self._rest_ends:
                self._is_resting = False
                mail.notices = mail.notices or self._notices_pending
            if mail.notices:
                self._notices_pending = False

    def _sort(self, item: Sequence[Report] | Command | _Token, mail: Mail) -> None:
        if item is _NOTICES:
            mail.notices = True
        elif isinstance(item, _Token):
            mail.nudged = True
        elif isinstance(item, Sequence):
            mail.reports.extend(item)
        else:
            mail.commands.append(item)
