"""Whether a loop still answers, asked only when somebody wants to know."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

PATIENCE_SECONDS = 0.05
"""How long one question waits; a busy loop answers the next one."""


class Pulse:
    """Gives the moment at which a loop last ran what it was asked to.

    Nothing happens between two questions: an idle loop is not woken to say that it lives.
    """

    def __init__(self, call: Callable[[Callable[[], None]], None]) -> None:
        """`call` has a function run on the loop's own thread, soon."""
        self._call = call
        self._answered = threading.Event()
        self._is_asked = False
        self._latest: datetime | None = None

    def __call__(self) -> datetime | None:
        """When it last answered; None for never."""
        if not self._is_asked:
            self._is_asked = True
            self._answered.clear()
            self._call(self._answer)
        self._answered.wait(PATIENCE_SECONDS)
        return self._latest

    def _answer(self) -> None:
        self._latest = datetime.now(UTC)
        self._is_asked = False
        self._answered.set()
