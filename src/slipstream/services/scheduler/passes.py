"""How many passes of its loop a scheduler makes before it ends: `--num-runs`, `--only-idle`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class PassLimit:
    """Counts passes, and says once that they have all been made. For one scheduler's thread."""

    passes: int
    """1 or more."""
    reached: Callable[[], None]
    only_idle: bool = False
    """Whether passes that had something to do do not count."""
    idle_seconds: float = 1.0
    """How long a pass waits for something to do."""
    _made: int = 0

    @property
    def is_reached(self) -> bool:
        """Whether all have been made."""
        return self._made >= self.passes

    @property
    def timeout(self) -> float | None:
        """How many seconds the next pass waits for something to do; None for ever."""
        return None if self.is_reached else self.idle_seconds

    def passed(self, *, did_something: bool) -> None:
        """A pass is over. What comes after the last one is not counted."""
        if self.is_reached or (self.only_idle and did_something):
            return
        self._made += 1
        if self.is_reached:
            self.reached()
