"""The attempts that the executor has been given and has not reported the end of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from slipstream.executors.interface import Executor
from slipstream.model.attempt import Attempt
from slipstream.model.run import TaskKey


@dataclass(slots=True)
class _OfRun:
    """One run's attempts."""

    keys: dict[str, TaskKey] = field(default_factory=dict)
    dying: dict[str, TaskKey] = field(default_factory=dict)
    """Those that were told to end."""


class Outstanding:
    """The scheduler's side of the executor: what is in here must not be submitted again.

    An attempt that was told to end may live on for a while. Until its end is reported its task
    instance must have no other attempt: see `dying`.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._run_of: dict[str, int] = {}
        self._runs: dict[int, _OfRun] = {}

    def __contains__(self, attempt_id: str) -> bool:
        return attempt_id in self._run_of

    def __len__(self) -> int:
        return len(self._run_of)

    def submit(self, attempts: Sequence[Attempt]) -> None:
        """Hand these to the executor."""
        if attempts:
            self._add(attempts)
            self._executor.submit(attempts)

    def adopt(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """Take over what an earlier scheduler submitted; gives the attempts that are gone."""
        gone = self._executor.adopt(attempts)
        missing = {attempt.attempt_id for attempt in gone}
        self._add([attempt for attempt in attempts if attempt.attempt_id not in missing])
        return gone

    def cancel(self, attempt_id: str, reason: str) -> bool:
        """Have an attempt ended; False where the executor does not have it."""
        run_pk = self._run_of.get(attempt_id)
        if run_pk is None:
            return False
        of_run = self._runs[run_pk]
        of_run.dying[attempt_id] = of_run.keys[attempt_id]
        self._executor.cancel(attempt_id, reason)
        return True

    def ended(self, attempt_id: str) -> TaskKey | None:
        """The executor has reported the end; gives the task instance if it was dying."""
        run_pk = self._run_of.pop(attempt_id, None)
        if run_pk is None:
            return None
        of_run = self._runs[run_pk]
        del of_run.keys[attempt_id]
        if not of_run.keys:
            del self._runs[run_pk]
        return of_run.dying.pop(attempt_id, None)

    def of_run(self, run_pk: int) -> Sequence[str]:
        """The run's attempts."""
        of_run = self._runs.get(run_pk)
        return () if of_run is None else tuple(of_run.keys)

    def dying(self, run_pk: int) -> frozenset[TaskKey]:
        """The run's task instances that must not have another attempt yet."""
        of_run = self._runs.get(run_pk)
        if of_run is None or not of_run.dying:
            return frozenset()
        return frozenset(of_run.dying.values())

    def _add(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            run_pk = attempt.run.pk
            self._run_of[attempt.attempt_id] = run_pk
            self._runs.setdefault(run_pk, _OfRun()).keys[attempt.attempt_id] = attempt.key
