"""Signals that end a task: SIGTERM and its timer. Never in the middle of a frame.

A handler of Python's runs between two bytecodes of the main thread. If it raised while a frame is
half sent, the rest of the conversation would be unreadable, so it then waits for the frame's end.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType, TracebackType

_signal = import_module("_signal")
"""What `signal` wraps in enumerations, a detour that every task's process would pay for."""

_depth = 0
_pending: list[Callable[[], None]] = []
_actions: dict[int, Callable[[], None]] = {}
_main_thread = threading.main_thread().ident
"""The main thread's number. A fork from it keeps it; one from another thread calls `forget`."""


def on_signal(number: int, action: Callable[[], None]) -> None:
    """Run the action, which may raise, in the main thread when the signal comes."""
    plain = int(number)  # An enumeration's hash is Python code.
    _actions[plain] = action
    _signal.signal(plain, _handle)


def _handle(number: int, _frame: FrameType | None) -> None:
    action = _actions.get(number)
    if action is None:
        return
    if not _depth:
        action()
    elif action not in _pending:
        _pending.append(action)


def no_action(number: int) -> None:
    """Let the signal do what it does by itself."""
    _signal.signal(number, _signal.SIG_DFL)


def forget() -> None:
    """Take the actions back, in a child that the task has forked: they are not its own."""
    global _main_thread
    for number in _actions:
        if signal.getsignal(number) is _handle:
            signal.signal(number, signal.SIG_DFL)
    _actions.clear()
    _pending.clear()
    _main_thread = threading.get_ident()


class _Deferred:
    """A block that no action interrupts. A generator would cost more."""

    __slots__ = ()

    def __enter__(self) -> None:
        global _depth
        if _is_main_thread():
            _depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        global _depth
        if _is_main_thread():
            _depth -= 1
            while _pending and not _depth:
                _pending.pop(0)()


DEFERRED = _Deferred()
"""Holds actions back in the block; they happen at its end. Only the main thread has any."""


def _is_main_thread() -> bool:
    return threading.get_ident() == _main_thread


@contextmanager
def time_limit(seconds: float, error: BaseException) -> Iterator[None]:
    """Raise the error in here after so many seconds.

    Only the main thread can be interrupted; in any other there is no limit. A limit around this
    one goes on: it ends this block too when it is over first.
    """
    if not _is_main_thread():
        yield
        return
    left = signal.getitimer(signal.ITIMER_REAL)[0]
    if left and left <= seconds:
        yield
        return

    def expire() -> None:
        raise error

    before, action = signal.getsignal(signal.SIGALRM), _actions.get(signal.SIGALRM)
    began = time.monotonic()
    on_signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if action is not None:
            _actions[int(signal.SIGALRM)] = action
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 1e-3))
