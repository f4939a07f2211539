"""Answers of people, looked up where the core asks for them or somebody has given one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from slipstream.model.events import InputGiven
from slipstream.services.scheduler.needs import SchedulingStore


class Inputs:
    """Which answers are to be looked up.

    An answer is kept by the store from the moment that it is given, and a notice follows it. It is
    looked up when its instance begins to wait, too: it may have come before.
    """

    def __init__(self, store: SchedulingStore) -> None:
        self._store = store
        self._due: set[str] = set()

    @property
    def is_due(self) -> bool:
        """Whether something is to be looked up."""
        return bool(self._due)

    def look(self, attempt_id: str) -> None:
        """Look for the answer to what this attempt has asked."""
        self._due.add(attempt_id)

    def settle(self, now: datetime) -> Iterable[tuple[int, InputGiven]]:
        """`(run number, answer)` of those that are there. What is not is told by a notice."""
        if not self._due:
            return ()
        found = self._store.given_inputs(sorted(self._due))
        self._due.clear()
        return [
            (given.run_pk, InputGiven(given.key, given.attempt_id, now, given.event))
            for given in found
        ]
