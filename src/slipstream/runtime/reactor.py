"""One thread that waits: for sockets and pipes, for moments, and for calls from other threads."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

_READ = select.EPOLLIN
_READ_AND_WRITE = select.EPOLLIN | select.EPOLLOUT
_log = logging.getLogger(__name__)

Callback: TypeAlias = Callable[[], None]


class Timer:
    """A call at a moment of the monotonic clock, until it is cancelled."""

    __slots__ = ("callback", "when")

    def __init__(self, when: float, callback: Callback) -> None:
        self.when = when
        self.callback: Callback | None = callback

    def cancel(self) -> None:
        """Forget the call; afterwards nothing keeps the callback alive."""
        self.callback = None


class Reactor:
    """Runs callbacks in its own thread, one at a time. Only `call` is safe from other threads.

    A callback that raises is logged and does not stop the others.
    """

    def __init__(self, name: str) -> None:
        self._epoll = select.epoll()
        self._watched: dict[int, Callback] = {}
        self._calls: deque[Callback] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._after_round: Callback | None = None
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._woken = False
        self._running = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self, after_round: Callback) -> None:
        """Start the thread; `after_round` is called whenever a round of callbacks is done."""
        self._after_round = after_round
        self.watch(self._wake_read, self._drain_wake)
        self._running = True
        self._thread.start()

    def stop(self) -> None:
        """End after the round in hand and wait for the thread. Not from the thread itself."""
        self.call(self._end)
        self._thread.join()

    @property
    def is_current(self) -> bool:
        """Whether the caller runs in the reactor's thread."""
        return threading.current_thread() is self._thread

    def call(self, callback: Callback) -> None:
        """Run this soon in the reactor's thread. Safe from any thread."""
        self._calls.append(callback)
        if not self._woken and not self.is_current:
            self._woken = True
            with contextlib.suppress(BlockingIOError, OSError):
                os.write(self._wake_write, b"\0")

    def call_after(self, seconds: float, callback: Callback) -> Timer:
        """Run this after so many seconds."""
        timer = Timer(time.monotonic() + seconds, callback)
        heapq.heappush(self._timers, (timer.when, next(self._order), timer))
        return timer

    def watch(self, descriptor: int, callback: Callback, *, writing: bool = False) -> None:
        """Call back whenever the descriptor can be read (and, with `writing`, written)."""
        events = _READ_AND_WRITE if writing else _READ
        if descriptor in self._watched:
            self._epoll.modify(descriptor, events)
        else:
            self._epoll.register(descriptor, events)
        self._watched[descriptor] = callback

    def unwatch(self, descriptor: int) -> None:
        """No longer watch a descriptor; do this before it is closed."""
        if self._watched.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def _run(self) -> None:
        while self._running:
            watched = self._watched
            events = self._epoll.poll(self._time_to_wait())
            for descriptor, callback in [(fd, watched.get(fd)) for fd, _ in events]:
                # An earlier callback of this round may have let go of the descriptor.
                if callback is not None and watched.get(descriptor) is callback:
                    self._guarded(callback)
            self._run_calls()
            self._run_timers()
            if self._after_round is not None:
                self._guarded(self._after_round)
        self._epoll.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _end(self) -> None:
        self._running = False

    def _drain_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        # Only now: what is asked for meanwhile is found below, and must not be taken for a call
        # that has yet to be woken for.
        self._woken = False

    def _run_calls(self) -> None:
        while self._calls:
            self._guarded(self._calls.popleft())

    def _run_timers(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            _, _, timer = heapq.heappop(self._timers)
            if timer.callback is not None:
                callback, timer.callback = timer.callback, None
                self._guarded(callback)

    def _time_to_wait(self) -> float | None:
        if self._calls:
            return 0.0
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        if not self._timers:
            return None
        return max(0.0, self._timers[0][0] - time.monotonic())

    @staticmethod
    def _guarded(callback: Callback) -> None:
        try:
            callback()
        except Exception:  # noqa: BLE001 - one failure must not end the others
            _log.exception("a callback of the process host failed")
