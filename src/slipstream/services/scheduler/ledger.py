"""The attempts that the executor has been given and has not reported the end of."""

from __future__ import annotations

from collections.abc import Sequence

from slipstream.model.attempt import Attempt


class Ledger:
    """Attempt ids, by run. What is in here must not be submitted again."""

    def __init__(self) -> None:
        self._run_of: dict[str, int] = {}
        self._of_run: dict[int, set[str]] = {}

    def __contains__(self, attempt_id: str) -> bool:
        return attempt_id in self._run_of

    def __len__(self) -> int:
        return len(self._run_of)

    def add(self, attempts: Sequence[Attempt]) -> None:
        """The executor is about to be given these."""
        for attempt in attempts:
            self._run_of[attempt.attempt_id] = attempt.run.pk
            self._of_run.setdefault(attempt.run.pk, set()).add(attempt.attempt_id)

    def remove(self, attempt_id: str) -> None:
        """The executor has reported the end. An unknown id is ignored."""
        run_pk = self._run_of.pop(attempt_id, None)
        if run_pk is None:
            return
        of_run = self._of_run[run_pk]
        of_run.remove(attempt_id)
        if not of_run:
            del self._of_run[run_pk]

    def of_run(self, run_pk: int) -> Sequence[str]:
        """The run's attempts."""
        return sorted(self._of_run.get(run_pk, ()))
