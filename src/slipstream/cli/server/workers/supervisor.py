"""Starts workers, starts those again that die, and ends them all.

It has one thread and serves nothing itself, so that it can be forked from at any time, and so that
there is nothing in it that could die.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from slipstream.api.auth.throttle import Limits
from slipstream.cli.errors import CommandFailedError
from slipstream.cli.server.signals import ENDING, Ending
from slipstream.cli.server.workers import messages
from slipstream.cli.server.workers.messages import Alive, Counting, Failed, Ready
from slipstream.cli.server.workers.worker import Tether
from slipstream.model.errors import SlipstreamError
from slipstream.runtime.processes import describe_exit
from slipstream.sdk._background import forked_off

_log = logging.getLogger(__name__)

STEADY_SECONDS: Final = 60.0
"""What has lived for so long is started again at once."""
_LONGEST_PAUSE_SECONDS: Final = 30.0
_START_SECONDS: Final = 60.0
"""What a start may take at least."""
_EXTRA_SECONDS: Final = 10.0
"""Beyond what requests have to end in, for all else of a worker."""


def pause_seconds(deaths: int) -> float:
    """How long to wait before the next start, after so many short lives in a row: 0, 1, 2, 4 …"""
    return 0.0 if deaths <= 1 else min(_LONGEST_PAUSE_SECONDS, 2.0 ** min(deaths - 2, 10))


@dataclass(slots=True)
class _Worker:
    """One process."""

    place: int
    pid: int
    pidfd: int
    life: socket.socket
    counts: socket.socket
    begun: float
    is_ready: bool = False
    asked_at: float | None = None
    """Since when an answer is awaited; a start is awaited, too."""
    answered_at: float = 0.0
    reason: str = ""
    """Why it ends, where it has said so or was killed here."""


@dataclass(slots=True)
class _Place:
    """Where one worker after the other stands."""

    deaths: int = 0
    start_at: float | None = None
    """When the next one is due; None while there is one."""


class Supervisor:
    """Keeps so many workers running. For the main thread."""

    def __init__(
        self,
        number: int,
        work: Callable[[Tether], None],
        ending: Ending,
        *,
        limits: Limits,
        timeout_seconds: float,
        stop_seconds: float,
    ) -> None:
        """`work` is run in each worker and returns at its end. One that does not answer for
        `timeout_seconds`, or has not begun to serve by then, is killed; `stop_seconds` is what
        requests have to end in. `limits` are counted here for all."""
        self._work = work
        self._ending = ending
        self._limits = limits
        self._timeout_seconds = timeout_seconds
        self._stop_seconds = stop_seconds
        self._places = [_Place(start_at=0.0) for _ in range(number)]
        self._workers: dict[int, _Worker] = {}
        """By place."""
        self._selector = selectors.DefaultSelector()
        self._selector.register(ending, selectors.EVENT_READ, self._note_signal)
        self._is_ending = False
        self._has_begun = False

    def start(self) -> bool:
        """Start all; True when all serve, False where somebody ends it before.

        Raises `CommandFailedError` for what keeps one from serving; then none is left.
        """
        while not self._is_ending:
            self._start_due()
            if all(worker.is_ready for worker in self._workers.values()):
                self._has_begun = True
                return True
            self._step()
        return False

    def run(self) -> None:
        """Look after them until a signal comes."""
        while not self._is_ending:
            self._step()
            self._start_due()

    def stop(self) -> None:
        """End all of them, whatever it takes; requests have their time."""
        self._is_ending = True
        for worker in self._workers.values():
            _send_signal(worker, signal.SIGTERM)
        until = time.monotonic() + self._stop_seconds + _EXTRA_SECONDS
        while self._workers and (left := until - time.monotonic()) > 0:
            self._step(left)
        for worker in self._workers.values():
            _log.warning("%s has not ended in time and is killed.", _name(worker))
            _send_signal(worker, signal.SIGKILL)
        while self._workers:
            self._step()
        self._selector.close()

    def kill(self) -> None:
        """End all of them at once, without a word."""
        for worker in self._workers.values():
            _send_signal(worker, signal.SIGKILL)

    # What happens.

    def _step(self, seconds: float | None = None) -> None:
        """Wait for what happens next, and see to it."""
        due = self._next_due()
        waits = [one for one in (seconds, due) if one is not None]
        for key, _ in self._selector.select(max(0.0, min(waits)) if waits else None):
            handle: Callable[[], None] = key.data
            handle()
        if not self._is_ending:
            self._ask_all()

    def _next_due(self) -> float | None:
        if self._is_ending:
            return None
        now = time.monotonic()
        starts = [place.start_at - now for place in self._places if place.start_at is not None]
        asks = [self._due_of(worker) - now for worker in self._workers.values()]
        return min([*starts, *asks], default=None)

    def _due_of(self, worker: _Worker) -> float:
        """When it is asked next, or given up."""
        if worker.asked_at is None:
            return worker.answered_at + self._timeout_seconds / 2
        patience = self._timeout_seconds
        return worker.asked_at + (patience if worker.is_ready else max(patience, _START_SECONDS))

    def _ask_all(self) -> None:
        now = time.monotonic()
        for worker in self._workers.values():
            if now < self._due_of(worker):
                continue
            if worker.asked_at is None:
                worker.asked_at = now
                with suppress(OSError):  # It has ended, which is seen elsewhere.
                    worker.life.send(messages.ASK)
            else:
                what = "answered" if worker.is_ready else "begun to serve"
                silence = now - worker.asked_at
                worker.reason = f"it had not {what} for {silence:.0f} s and was killed"
                worker.asked_at = now
                _send_signal(worker, signal.SIGKILL)

    def _note_signal(self) -> None:
        self._ending.wait()
        self._is_ending = True

    def _hear(self, worker: _Worker) -> None:
        said = self._said(worker, worker.life)
        if not said:
            return
        match messages.decode_from_worker(said):
            case Ready():
                worker.is_ready = True
                worker.asked_at, worker.answered_at = None, time.monotonic()
                if self._has_begun:
                    _log.warning("%s serves.", _name(worker))
            case Alive():
                worker.asked_at, worker.answered_at = None, time.monotonic()
            case Failed(message):
                worker.reason = message

    def _count(self, worker: _Worker) -> None:
        said = self._said(worker, worker.counts)
        if not said:
            return
        what = messages.decode_count(said)
        counts = getattr(self._limits, what.limit)
        if what.counting is Counting.TAKE:
            seconds = counts.take(what.subject, time.monotonic())
            with suppress(OSError):
                worker.counts.send(str(seconds).encode())
        elif what.counting is Counting.GIVE_BACK:
            counts.give_back(what.subject)
        else:
            counts.forget(what.subject)

    def _said(self, worker: _Worker, line: socket.socket) -> bytes:
        """What came over one of its lines; nothing where the line has ended, or the worker has."""
        if self._workers.get(worker.place) is not worker:
            return b""
        try:
            said = line.recv(messages.LONGEST_BYTES)
        except OSError:
            said = b""
        if not said:
            self._selector.unregister(line)
        return said

    def _ended(self, worker: _Worker) -> None:
        """It is gone."""
        while worker.life in self._selector.get_map():
            self._hear(worker)  # What it has said at last.
        _, status = os.waitpid(worker.pid, 0)
        self._selector.unregister(worker.pidfd)
        if worker.counts in self._selector.get_map():
            self._selector.unregister(worker.counts)
        os.close(worker.pidfd)
        worker.life.close()
        worker.counts.close()
        del self._workers[worker.place]
        if self._is_ending:
            return
        why = worker.reason or describe_exit(os.waitstatus_to_exitcode(status))
        if not self._has_begun:
            raise CommandFailedError(worker.reason or f"{_name(worker)} could not begin: {why}.")
        self._start_later(worker, why)

    def _start_later(self, worker: _Worker, why: str) -> None:
        place, now = self._places[worker.place], time.monotonic()
        place.deaths = 1 if now - worker.begun >= STEADY_SECONDS else place.deaths + 1
        pause = pause_seconds(place.deaths)
        place.start_at = now + pause
        when = f"in {pause:g} s" if pause else "at once"
        _log.warning("%s has ended: %s. Another one is started %s.", _name(worker), why, when)

    # Starting.

    def _start_due(self) -> None:
        now = time.monotonic()
        for number, place in enumerate(self._places):
            if place.start_at is not None and place.start_at <= now:
                place.start_at = None
                self._workers[number] = self._forked(number)

    def _forked(self, place: int) -> _Worker:
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)]
        ours, theirs = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        sys.stdout.flush()
        sys.stderr.flush()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        pid = os.fork()
        if not pid:
            self._be_worker(ours, theirs, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for one in theirs:
            one.close()
        now = time.monotonic()
        made = _Worker(place, pid, os.pidfd_open(pid), ours[0], ours[1], now, asked_at=now)
        for one in ours:
            one.setblocking(False)
        self._selector.register(made.pidfd, selectors.EVENT_READ, partial(self._ended, made))
        self._selector.register(made.life, selectors.EVENT_READ, partial(self._hear, made))
        self._selector.register(made.counts, selectors.EVENT_READ, partial(self._count, made))
        return made

    def _be_worker(
        self,
        not_ours: Sequence[socket.socket],
        ours: Sequence[socket.socket],
        mask: set[signal.Signals] | set[int],
    ) -> None:
        """Never returns: whatever the supervisor was in the middle of is not this process's."""
        code = 1
        try:
            os.setpgid(0, 0)  # What is typed at the terminal is the supervisor's.
            for number in ENDING:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            self._let_go(not_ours)
            forked_off()
            tether = Tether(*ours)
            try:
                self._work(tether)
                code = 0
            except SlipstreamError as error:
                tether.failed(str(error))
        except BaseException:  # noqa: BLE001 - nothing may unwind what is the supervisor's
            _log.exception("A worker failed")
        finally:
            with suppress(Exception):
                logging.shutdown()
            os._exit(code)

    def _let_go(self, not_ours: Sequence[socket.socket]) -> None:
        """Of the others' lines: held here, they would hide that the supervisor is gone."""
        self._selector.close()
        for one in not_ours:
            one.close()
        for worker in self._workers.values():
            worker.life.close()
            worker.counts.close()
            os.close(worker.pidfd)


def _name(worker: _Worker) -> str:
    return f"Worker {worker.place + 1} (process {worker.pid})"


def _send_signal(worker: _Worker, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(worker.pidfd, number)
