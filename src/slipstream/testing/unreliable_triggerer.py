"""A scripted triggerer with a network between it and the scheduler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import TypeAlias

from slipstream.executors.interface import Report, Sink
from slipstream.model.deferral import TriggerEnd
from slipstream.model.events import TriggerEnded
from slipstream.services.triggerer import Waiter
from slipstream.testing.faulty_store import Fate, Fates, meet
from slipstream.testing.virtual_time import VirtualTime

Author: TypeAlias = Callable[[Waiter], tuple[TriggerEnd, float] | None]
"""What a trigger comes to, and how many seconds it takes; None where it waits for ever."""


class UnreliableTriggerer:
    """Reports come late, out of order and sometimes twice; calls may kill the scheduler.

    Triggers end with the scheduler's process. Reports under way reach the next scheduler. Where
    the process of the triggers dies, all of them run anew in another one: what they had come to is
    lost, or is told and comes again. `check` is shown what is about to be run.
    """

    def __init__(
        self,
        author: Author,
        time: VirtualTime,
        chance: Random,
        fates: Fates,
        check: Callable[[Sequence[Waiter]], None],
        dies: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`dies` is asked at every step whether the process of the triggers dies there."""
        self._dies = dies
        self._author = author
        self._time = time
        self._chance = chance
        self._fates = fates
        self._check = check
        self._sink: Sink | None = None
        self.live: dict[str, Waiter] = {}
        """Triggers that run, or whose end has not been taken note of, by attempt."""

    def start(self, sink: Sink) -> None:
        """Report to `sink` from now on."""
        self._sink = sink

    def run(self, waiters: Sequence[Waiter]) -> None:
        """Run these, unless the scheduler dies before."""

        def run() -> None:
            self._check(waiters)
            for waiter in waiters:
                self.live[waiter.attempt.attempt_id] = waiter
                self._plan(waiter)
                self._die("a trigger has begun")

        meet(self._crashes_only, "run triggers", run)

    def drop(self, attempt_id: str, counted: TriggerEnd | None = None) -> None:
        """Let go of one."""
        del counted
        meet(self._crashes_only, "drop a trigger", lambda: self.live.pop(attempt_id, None))
        self._die("a trigger was let go of")

    def lose_scheduler(self) -> None:
        """The scheduler's process has died."""
        self._sink = None
        self.live.clear()

    def _crashes_only(self, verb: str) -> Fate:
        fate = self._fates(verb)
        return fate if fate in (Fate.CRASH_AFTER, Fate.CRASH_BEFORE) else Fate.WELL

    def _plan(self, waiter: Waiter) -> None:
        script = self._author(waiter)
        if script is None:
            return
        end, seconds = script
        self._time.call_in(seconds, lambda: self._end(waiter, end))

    def _end(self, waiter: Waiter, end: TriggerEnd) -> None:
        if self.live.get(waiter.attempt.attempt_id) is not waiter:
            return
        if self._die("a trigger has an end"):
            return
        event = TriggerEnded(waiter.attempt.key, waiter.attempt.attempt_id, self._time.now(), end)
        report = Report(waiter.attempt.run.pk, event)
        for _ in range(2 if self._chance.random() < 0.1 else 1):
            delay = self._chance.choice((0.0, 0.0, 0.0, 0.001, 0.3, 20.0))
            self._time.call_in(delay, lambda: self._deliver(report))
        self._die("an end is told")

    def _die(self, where: str) -> bool:
        """Perhaps the process of the triggers dies now, and another one runs them."""
        if not self.live or not self._dies(where):
            return False
        for name, waiter in self.live.items():
            again = self.live[name] = Waiter(waiter.attempt, waiter.deferral)
            self._time.call_in(self._chance.choice((0.0, 0.5, 30.0)), partial(self._begin, again))
        return True

    def _begin(self, waiter: Waiter) -> None:
        if self.live.get(waiter.attempt.attempt_id) is waiter:
            self._plan(waiter)

    def _deliver(self, report: Report) -> None:
        if self._sink is not None:
            self._sink([report])
