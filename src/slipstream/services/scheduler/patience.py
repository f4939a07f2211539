"""Waiting for a store that fails, longer each time."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from slipstream.services.scheduler.keys import LoopTimer, TimerKey
from slipstream.services.scheduler.timers import Timers

_log = logging.getLogger(__name__)

_FIRST = timedelta(milliseconds=50)
_LAST = timedelta(seconds=5)


class Patience:
    """While it waits, nothing is asked of the store. Events are taken all the same."""

    def __init__(self, timers: Timers[TimerKey]) -> None:
        self._timers = timers
        self._delay = _FIRST
        self.is_waiting = False

    def failed(self, what: str, error: Exception, now: datetime) -> None:
        """The store did not do `what`; try again in a while."""
        _log.warning("The scheduler could not %s and tries again: %s", what, error)
        self.is_waiting = True
        self._timers.set(LoopTimer.TRY_STORE, now + self._delay)
        self._delay = min(2 * self._delay, _LAST)

    def is_over(self) -> None:
        """The time to wait has passed."""
        self.is_waiting = False

    def succeeded(self) -> None:
        """The store works."""
        self._delay = _FIRST
