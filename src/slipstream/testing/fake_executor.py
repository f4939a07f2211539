"""An executor without processes: what becomes of an attempt is decided by a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from slipstream.executors.interface import Report, Sink
from slipstream.model.attempt import Attempt, Cancelled, Outcome
from slipstream.model.events import AttemptEnded, AttemptStarted


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How an attempt goes. Times are seconds from its submission."""

    outcome: Outcome
    ends_after: float = 0.0
    starts_after: float | None = 0.0
    """None: its start is never reported."""
    is_reported: bool = True
    """False: its end is known by asking only, as after a lost message."""
    duplicates: int = 0
    """How often the end is reported again, each time after another `ends_after`."""
    cancel_takes: float = 0.0
    """How long it lives on after it was cancelled."""


Author: TypeAlias = Callable[[Attempt], Script]
"""Decides how an attempt goes."""

Later: TypeAlias = Callable[[float, Callable[[], None]], None]
"""Does something after that many seconds."""


def at_once(seconds: float, action: Callable[[], None]) -> None:
    """Later is now: for tests without time."""
    del seconds
    action()


class FakeExecutor:
    """Follows the scripts. `live` are the attempts that a process would exist for."""

    def __init__(
        self,
        author: Author,
        clock: Callable[[], datetime],
        later: Later = at_once,
        *,
        parallelism: int = 0,
    ) -> None:
        self._author = author
        self._clock = clock
        self._later = later
        self._parallelism = parallelism
        self._sink: Sink | None = None
        self.live: dict[str, Attempt] = {}
        self._scripts: dict[str, Script] = {}

    @property
    def parallelism(self) -> int:
        """What it was made with."""
        return self._parallelism

    def start(self, sink: Sink) -> None:
        """Report to `sink` from now on."""
        self._sink = sink

    def submit(self, attempts: Sequence[Attempt]) -> None:
        """Begin to follow the attempts' scripts."""
        for attempt in attempts:
            script = self._author(attempt)
            self.live[attempt.attempt_id] = attempt
            self._scripts[attempt.attempt_id] = script
            self._plan(attempt, script)

    def _plan(self, attempt: Attempt, script: Script) -> None:
        if script.starts_after is not None and script.starts_after <= script.ends_after:
            self._later(script.starts_after, lambda: self._begin(attempt))
        self._later(script.ends_after, lambda: self._end(attempt, script.outcome))

    def cancel(self, attempt_id: str, reason: str) -> None:
        """End an attempt after its script's `cancel_takes`."""
        attempt = self.live.get(attempt_id)
        if attempt is not None:
            takes = self._scripts[attempt_id].cancel_takes
            self._later(takes, lambda: self._end(attempt, Cancelled(message=reason)))

    def adopt(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """Those that are not alive here are gone."""
        return [attempt for attempt in attempts if attempt.attempt_id not in self.live]

    def stop(self, grace_seconds: float) -> None:
        """Forget everything without a word."""
        del grace_seconds
        self.live.clear()
        self._sink = None

    def _begin(self, attempt: Attempt) -> None:
        if attempt.attempt_id in self.live:
            self._report(attempt, AttemptStarted(attempt.key, attempt.attempt_id, self._clock()))

    def _end(self, attempt: Attempt, outcome: Outcome) -> None:
        if self.live.pop(attempt.attempt_id, None) is None:
            return
        script = self._scripts.pop(attempt.attempt_id)
        event = AttemptEnded(attempt.key, attempt.attempt_id, self._clock(), outcome)
        if script.is_reported:
            self._report(attempt, event)
        for turn in range(script.duplicates):
            self._later((turn + 1) * script.ends_after, lambda: self._report(attempt, event))

    def _report(self, attempt: Attempt, event: AttemptStarted | AttemptEnded) -> None:
        if self._sink is not None:
            self._sink([Report(attempt.run.pk, event)])
