"""Noticing a trigger that keeps the event loop for itself, while it still does.

A timer of the kernel is set for each step of a trigger and taken back at the step's end: two system
calls, and nothing at all while no trigger does anything.
"""

from __future__ import annotations

import signal
import sys
import time
import traceback
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from slipstream.model.errors import SlipstreamError
from slipstream.runtime import interrupts


class LoopBlockedError(SlipstreamError):
    """A trigger kept all others waiting for too long."""


class LoopWatch:
    """Watches the steps of coroutines in the main thread."""

    def __init__(
        self, warning_seconds: float, limit_seconds: float, warn: Callable[[str], None]
    ) -> None:
        """`warn` is called in the middle of the step that takes too long."""
        self._warning_seconds = warning_seconds
        self._limit_seconds = max(limit_seconds, warning_seconds)
        self._warn = warn
        self._since = 0.0
        self._rings = 0
        self._is_stepping = False

    def start(self) -> None:
        """From now on the process's real-time timer is this watch's."""
        interrupts.on_signal(signal.SIGALRM, self._ring)

    def around(self, coroutine: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, None]:
        """The coroutine, each of its steps watched."""
        return _Watched(self, coroutine)

    def begin(self) -> None:
        """A step begins."""
        self._since = time.monotonic()
        self._rings = 0
        self._is_stepping = True
        signal.setitimer(signal.ITIMER_REAL, self._warning_seconds)

    def end(self) -> None:
        """The step is over."""
        self._is_stepping = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self) -> None:
        seconds = time.monotonic() - self._since
        # A signal that comes late may find the loop itself, or another step.
        if not self._is_stepping or seconds < self._warning_seconds:
            return
        self._rings += 1
        if self._rings == 1:
            signal.setitimer(signal.ITIMER_REAL, self._limit_seconds - seconds)
            self._warn(
                f"The trigger keeps all others waiting: for {seconds:.1f} s it has not awaited "
                f"anything ({_where()}). Await what takes long, or give it to asyncio.to_thread."
            )
            return
        raise LoopBlockedError(
            f"the trigger kept all others waiting for {seconds:.0f} s; await what takes long, or "
            "give it to asyncio.to_thread"
        )


class _Watched(Coroutine[Any, Any, None]):
    """A coroutine whose steps a watch is told of."""

    __slots__ = ("_inner", "_watch")

    def __init__(self, watch: LoopWatch, inner: Coroutine[Any, Any, None]) -> None:
        self._watch = watch
        self._inner = inner

    def send(self, value: Any) -> Any:
        """Take a step."""
        self._watch.begin()
        try:
            return self._inner.send(value)
        finally:
            self._watch.end()

    def throw(self, *error: Any) -> Any:
        """Take a step with an exception."""
        self._watch.begin()
        try:
            return self._inner.throw(*error)
        finally:
            self._watch.end()

    def close(self) -> None:
        """End it."""
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, None]:
        return self._inner.__await__()


def _where() -> str:
    """The line of the trigger's that is being run: the innermost that is not this module's."""
    frame: Any = sys._getframe()
    while frame.f_back is not None and "slipstream/runtime/" in frame.f_code.co_filename:
        frame = frame.f_back
    (found,) = traceback.extract_stack(frame, limit=1)
    return f"{found.filename}:{found.lineno} in {found.name}: {found.line}"
