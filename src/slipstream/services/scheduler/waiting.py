"""The triggers that the triggerer has been given and has not reported the end of."""

from __future__ import annotations

from collections.abc import Sequence

from slipstream.model.deferral import TriggerEnd
from slipstream.services.triggerer import Triggerer, Waiter


class Waiting:
    """The scheduler's side of the triggerer: what is in here is not asked for again."""

    def __init__(self, triggerer: Triggerer) -> None:
        self._triggerer = triggerer
        self._run_of: dict[str, int] = {}
        self._runs: dict[int, dict[str, None]] = {}
        self._reported: dict[str, int] = {}
        """Triggers whose end was reported and is not known to be written, and their runs."""

    def __len__(self) -> int:
        return len(self._run_of)

    def run(self, waiters: Sequence[Waiter]) -> None:
        """Have these triggers run that do not run yet."""
        new = [waiter for waiter in waiters if waiter.attempt.attempt_id not in self._run_of]
        for waiter in new:
            run_pk, attempt_id = waiter.attempt.run.pk, waiter.attempt.attempt_id
            self._run_of[attempt_id] = run_pk
            self._runs.setdefault(run_pk, {})[attempt_id] = None
            self._reported.pop(attempt_id, None)
        if new:
            self._triggerer.run(new)

    def ended(self, attempt_id: str) -> None:
        """The triggerer has reported the trigger's end."""
        run_pk = self._run_of.pop(attempt_id, None)
        if run_pk is None:
            return
        self._reported[attempt_id] = run_pk
        of_run = self._runs[run_pk]
        del of_run[attempt_id]
        if not of_run:
            del self._runs[run_pk]

    def drop(self, attempt_id: str, counted: TriggerEnd | None = None) -> None:
        """Nothing waits on the trigger any more; `counted` is the end that was written, if any."""
        self.ended(attempt_id)
        self._reported.pop(attempt_id, None)
        self._triggerer.drop(attempt_id, counted)

    def of_run(self, run_pk: int) -> Sequence[str]:
        """The attempts of the run whose triggers run, or have ended and were not let go of."""
        reported = [each for each, of_run in self._reported.items() if of_run == run_pk]
        return (*self._runs.get(run_pk, ()), *reported)
