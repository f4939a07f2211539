"""The time of a run that is driven in this process: the real one, or one that skips waits."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class RunClock:
    """Tells the time, and waits.

    With `skips_waits` nothing is waited for: the clock is put forward instead. Only the run's own
    clock is; what the tasks ask the system is not changed.
    """

    def __init__(self, *, skips_waits: bool = False) -> None:
        self._skips_waits = skips_waits
        self._ahead = timedelta()

    def now(self) -> datetime:
        """This moment, in UTC."""
        return datetime.now(UTC) + self._ahead

    def wait_until(self, at: datetime) -> None:
        """Return when the moment has come."""
        missing = at - self.now()
        if missing <= timedelta():
            return
        if self._skips_waits:
            self._ahead += missing
        else:
            time.sleep(missing.total_seconds())
