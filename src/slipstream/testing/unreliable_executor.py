"""The scripted executor with a network between it and the scheduler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeAlias

from slipstream.executors.interface import Report, Sink
from slipstream.model.attempt import Attempt, Outcome
from slipstream.model.events import AttemptEnded
from slipstream.testing.fake_executor import FakeExecutor, Script
from slipstream.testing.faulty_store import Fate, Fates, meet
from slipstream.testing.virtual_time import VirtualTime

Author: TypeAlias = Callable[[Attempt], tuple[Outcome, float]]
"""What becomes of an attempt, and how many seconds it takes."""


class UnreliableExecutor:
    """Reports come late, out of order and sometimes twice; calls may kill the scheduler.

    `check` is shown what is about to be submitted. With `survives` the attempts outlive the
    scheduler; otherwise they end with it, unreported. Reports under way reach the next scheduler.
    """

    def __init__(
        self,
        author: Author,
        time: VirtualTime,
        chance: Random,
        fates: Fates,
        check: Callable[[Sequence[Attempt]], None],
        *,
        survives: bool,
    ) -> None:
        self._author = author
        self._time = time
        self._chance = chance
        self._fates = fates
        self._check = check
        self._survives = survives
        self._inner = FakeExecutor(self._script, time.now, time.call_in)
        self._sink: Sink | None = None
        self._inner.start(self._send)

    @property
    def parallelism(self) -> int:
        """No limit of its own."""
        return 0

    @property
    def live(self) -> Sequence[Attempt]:
        """The attempts that a process exists for."""
        return tuple(self._inner.live.values())

    def start(self, sink: Sink) -> None:
        """Report to `sink` from now on."""
        self._sink = sink

    def submit(self, attempts: Sequence[Attempt]) -> None:
        """Start these, unless the scheduler dies before."""

        def submit() -> None:
            self._check(attempts)
            self._inner.submit(attempts)

        meet(self._crashes_only, "submit", submit)

    def cancel(self, attempt_id: str, reason: str) -> None:
        """End an attempt."""
        meet(self._crashes_only, "cancel", lambda: self._inner.cancel(attempt_id, reason))

    def adopt(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """Take over attempts; what the new scheduler does not name is ended at once."""
        named = {attempt.attempt_id for attempt in attempts}
        for attempt in self.live:
            if attempt.attempt_id not in named:
                self._inner.live.pop(attempt.attempt_id)
        return self._inner.adopt(attempts)

    def stop(self, grace_seconds: float) -> None:
        """End everything without a word."""
        del grace_seconds
        self._inner.live.clear()

    def lose_scheduler(self) -> None:
        """The scheduler's process has died."""
        self._sink = None
        if not self._survives:
            self._inner.live.clear()

    def _crashes_only(self, verb: str) -> Fate:
        fate = self._fates(verb)
        return fate if fate in (Fate.CRASH_AFTER, Fate.CRASH_BEFORE) else Fate.WELL

    def _script(self, attempt: Attempt) -> Script:
        outcome, seconds = self._author(attempt)
        starts = self._chance.choice((None, 0.0, seconds / 2))
        cancel_takes = self._chance.choice((0.0, 0.1, 5.0))
        return Script(
            outcome=outcome, ends_after=seconds, starts_after=starts, cancel_takes=cancel_takes
        )

    def _send(self, reports: Sequence[Report]) -> None:
        for report in reports:
            self._post(report)
            if isinstance(report.event, AttemptEnded) and self._chance.random() < 0.1:
                self._post(report)

    def _post(self, report: Report) -> None:
        delay = self._chance.choice((0.0, 0.0, 0.0, 0.001, 0.3, 20.0))
        self._time.call_in(delay, lambda: self._deliver(report))

    def _deliver(self, report: Report) -> None:
        if self._sink is not None:
            self._sink([report])
        elif isinstance(report.event, AttemptEnded) and self._survives:
            # A lasting executor keeps what it could not say.
            self._time.call_in(1.0, lambda: self._deliver(report))
