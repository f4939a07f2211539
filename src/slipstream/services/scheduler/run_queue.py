"""Queued runs: they wait until they are due, and then for `max_active_runs` of their DAG."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime

from slipstream.core.run_admission import RunAdmission
from slipstream.model.run import DagRun
from slipstream.services.scheduler.keys import DueTimer, TimerKey
from slipstream.services.scheduler.timers import Timers


class RunQueue:
    """Which runs of which DAG wait, and which run."""

    def __init__(self, timers: Timers[TimerKey]) -> None:
        self._timers = timers
        self._admission = RunAdmission()
        self._waiting: dict[int, DagRun] = {}
        self._counts: dict[str, int] = {}
        """`{dag_id: runs that wait or run}`."""
        self._dag_of: dict[int, str] = {}

    def __contains__(self, run_pk: int) -> bool:
        return run_pk in self._waiting

    @property
    def waiting(self) -> Set[int]:
        """Every run that waits."""
        return self._waiting.keys()

    def set_dag(self, dag_id: str, max_active_runs: int, *, is_paused: bool) -> None:
        """Say what holds for a DAG from now on."""
        self._admission.set_dag(dag_id, max_active_runs, is_paused=is_paused)

    def add(self, run: DagRun, now: datetime) -> None:
        """Let a queued run wait its turn. One that waits already keeps its place."""
        if run.pk in self._waiting:
            return
        self._waiting[run.pk] = run
        self._count(run)
        if run.run_after > now:
            self._timers.set(DueTimer(run.pk), run.run_after)
        else:
            self._admission.queue(run)

    def due(self, run_pk: int) -> None:
        """The run's moment has come."""
        run = self._waiting.get(run_pk)
        if run is not None:
            self._admission.queue(run)

    def hold(self, run: DagRun) -> None:
        """Count a run that is running already."""
        self._count(run)
        self._admission.hold(run)

    def drop(self, run_pk: int) -> str | None:
        """The run is over, gone, or must be read again; gives the DAG that has room now."""
        self._admission.release(run_pk)
        self._timers.drop(DueTimer(run_pk))
        self._waiting.pop(run_pk, None)
        dag_id = self._dag_of.pop(run_pk, None)
        if dag_id is not None:
            self._counts[dag_id] -= 1
        return dag_id

    def admit(self) -> Sequence[DagRun]:
        """The runs that begin now, earliest first; they count as running from here on."""
        return [self._waiting.pop(run_pk) for run_pk in self._admission.admit()]

    def count(self, dag_id: str) -> int:
        """Runs of the DAG that wait or run."""
        return self._counts.get(dag_id, 0)

    def _count(self, run: DagRun) -> None:
        if run.pk not in self._dag_of:
            self._dag_of[run.pk] = run.dag_id
            self._counts[run.dag_id] = self._counts.get(run.dag_id, 0) + 1
