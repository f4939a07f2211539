"""What every executor offers: attempts go in, what becomes of them comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from slipstream.model.attempt import Attempt
from slipstream.model.events import AttemptEnded, AttemptStarted, TriggerEnded


@dataclass(frozen=True, slots=True)
class Report:
    """Something an executor, or the triggerer, says about an attempt of the run `run_pk`."""

    run_pk: int
    event: AttemptStarted | AttemptEnded | TriggerEnded


Sink: TypeAlias = Callable[[Sequence[Report]], None]
"""Takes reports in order, from any thread, and never blocks."""


class Executor(Protocol):
    """Starts attempts somewhere and reports their ends. Every method returns at once."""

    @property
    def parallelism(self) -> int:
        """Attempts that it takes at the same time; 0 for no limit of its own."""

    def start(self, sink: Sink) -> None:
        """Begin to work. Reports go to `sink` until `stop` returns."""

    def submit(self, attempts: Sequence[Attempt]) -> None:
        """Start these attempts. Each is answered by exactly one `AttemptEnded`."""

    def cancel(self, attempt_id: str, reason: str) -> None:
        """End an attempt; the answer is its `AttemptEnded`. An unknown id is ignored."""

    def adopt(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """Take over attempts that an earlier scheduler submitted; gives those that are gone.

        It is called once, before the first `submit`: attempts that are not named are nobody's any
        more and must be ended.
        """

    def stop(self, grace_seconds: float) -> None:
        """End all attempts (terminate, wait for the grace, kill) and release everything."""
