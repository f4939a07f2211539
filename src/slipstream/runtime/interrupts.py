"""Signals that end a task: SIGTERM and its timer. Never in the middle of a frame.

A handler of Python's runs between two bytecodes of the main thread. If it raised while a frame is
half sent, the rest of the conversation would be unreadable, so it then waits for the frame's end.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_depth = 0
_pending: list[Callable[[], None]] = []
_handlers: dict[int, Callable[[int, FrameType | None], None]] = {}


def on_signal(number: int, action: Callable[[], None]) -> None:
    """Run the action, which may raise, in the main thread when the signal comes."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        if _depth:
            _pending.append(action)
        else:
            action()

    _handlers[number] = handle
    signal.signal(number, handle)


def forget() -> None:
    """Take the actions back, in a child that the task has forked: they are not its own."""
    for number, handle in _handlers.items():
        if signal.getsignal(number) is handle:
            signal.signal(number, signal.SIG_DFL)
    _handlers.clear()
    _pending.clear()


@contextmanager
def deferred() -> Iterator[None]:
    """Hold actions back in here; they happen at the end. Only the main thread has any."""
    global _depth
    if threading.get_ident() != threading.main_thread().ident:
        yield
        return
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        while _pending and not _depth:
            _pending.pop(0)()


@contextmanager
def time_limit(seconds: float, error: BaseException) -> Iterator[None]:
    """Raise the error in here after so many seconds.

    Only the main thread can be interrupted; in any other there is no limit. An outer limit is
    suspended meanwhile.
    """
    if threading.get_ident() != threading.main_thread().ident:
        yield
        return

    def expire() -> None:
        raise error

    before = signal.getsignal(signal.SIGALRM)
    on_signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
