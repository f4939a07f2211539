"""Measuring how long something takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Timer:
    """A stopwatch, as a context manager or with `start` and `stop`. `duration`: milliseconds."""

    def __init__(self, send: Callable[[float], None] | None = None) -> None:
        """`send` is called with the duration when it stops."""
        self._send = send
        self._began: float | None = None
        self.duration: float | None = None

    def start(self) -> Self:
        """Begin to measure."""
        self._began = time.perf_counter()
        return self

    def stop(self, send: bool = True) -> None:
        """End measuring, and send the duration unless that is not wanted."""
        if self._began is None:
            return
        self.duration = 1000.0 * (time.perf_counter() - self._began)
        if send and self._send is not None:
            self._send(self.duration)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
