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


def on_signal(number: int, action: Callable[[], None]) -> None:
    """Run the action, which may raise, in the main thread when the signal comes."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        if _depth:
            _pending.append(action)
        else:
            action()

    signal.signal(number, handle)


@contextmanager
def deferred() -> Iterator[None]:
    """Hold actions back in here; they happen at the end. Threads but the main one have none."""
    global _depth
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        while _pending and not _depth:
            _pending.pop(0)()
