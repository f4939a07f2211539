"""`airflow.sdk.execution_time.timeout`: a block of code with a time limit."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from slipstream.sdk._logging import LoggingMixin


class timeout(LoggingMixin):
    """Raises `AirflowTaskTimeout` in the block after that many seconds.

    Only the main thread can be interrupted; elsewhere the block runs without a limit, and the log
    says so. A limit around it, such as the task's `execution_timeout`, goes on counting.
    """

    def __init__(self, seconds: float = 1, error_message: str = "Timeout") -> None:
        super().__init__()
        self.seconds = seconds
        self.error_message = f"{error_message}, after {seconds:g} s"
        self._before: Any = None
        self._left = 0.0
        self._started = 0.0

    def handle_timeout(self, signum: int, frame: FrameType | None) -> None:
        """What happens when the time is up."""
        from slipstream.sdk.exceptions import AirflowTaskTimeout

        del signum, frame
        self.log.error("%s", self.error_message)
        raise AirflowTaskTimeout(self.error_message)

    def __enter__(self) -> timeout:
        from time import monotonic

        if threading.current_thread() is not threading.main_thread():
            self.log.warning("A time limit has no effect outside of the main thread")
            return self
        self._left = signal.getitimer(signal.ITIMER_REAL)[0]
        if not self._left or self.seconds < self._left:
            self._before = signal.signal(signal.SIGALRM, self.handle_timeout)
            self._started = monotonic()
            signal.setitimer(signal.ITIMER_REAL, self.seconds)
        return self

    def __exit__(self, *_error: object) -> None:
        from time import monotonic

        if self._before is None:
            return
        signal.signal(signal.SIGALRM, self._before)
        left = self._left and max(self._left - (monotonic() - self._started), 0.001)
        signal.setitimer(signal.ITIMER_REAL, left)
        self._before = None


TimeoutPosix = timeout
