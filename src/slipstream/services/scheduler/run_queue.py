"""Queued runs: they wait until they are due, and then for `max_active_runs` of their DAG, or of
their backfill."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime

from slipstream.core.run_admission import RunAdmission
from slipstream.model.run import DagRun
from slipstream.services.scheduler.keys import DueTimer, TimerKey
from slipstream.services.scheduler.timers import Timers


class RunQueue:
    """Which runs of which DAG or backfill wait, and which run."""

    def __init__(self, timers: Timers[TimerKey]) -> None:
        self._timers = timers
        self._admission = RunAdmission()
        self._waiting: dict[int, DagRun] = {}
        self._counts: dict[str, int] = {}
        """`{lane: runs that wait or run}`."""
        self._place_of: dict[int, tuple[str, str]] = {}
        """`{run: (lane, DAG)}`."""
        self._backfills: set[int] = set()

    def __contains__(self, run_pk: int) -> bool:
        return run_pk in self._waiting

    @property
    def waiting(self) -> Set[int]:
        """Every run that waits."""
        return self._waiting.keys()

    def set_dag(self, dag_id: str, max_active_runs: int, *, is_paused: bool) -> None:
        """Say what holds for a DAG from now on."""
        self._admission.set_dag(dag_id, max_active_runs, is_paused=is_paused)

    def set_backfill(self, number: int, max_active_runs: int, *, is_paused: bool) -> None:
        """Say what holds for an open backfill from now on. Its runs do not count for the DAG."""
        self._backfills.add(number)
        self._admission.set_dag(_lane(number), max_active_runs, is_paused=is_paused)

    def close_backfill(self, number: int) -> None:
        """It is over: runs of it that are queued from now on (cleared ones) count for the DAG."""
        self._backfills.discard(number)

    def add(self, run: DagRun, now: datetime) -> None:
        """Let a queued run wait its turn. One that waits already keeps its place."""
        if run.pk in self._waiting:
            return
        self._waiting[run.pk] = run
        lane = self._count(run)
        if run.run_after > now:
            self._timers.set(DueTimer(run.pk), run.run_after)
        else:
            self._admission.queue(run, lane)

    def due(self, run_pk: int) -> None:
        """The run's moment has come."""
        run = self._waiting.get(run_pk)
        if run is not None:
            self._admission.queue(run, self._place_of[run_pk][0])

    def hold(self, run: DagRun) -> None:
        """Count a run that is running already."""
        self._admission.hold(run, self._count(run))

    def drop(self, run_pk: int) -> str | None:
        """The run is over, gone, or must be read again; gives the DAG that has room now."""
        self._admission.release(run_pk)
        self._timers.drop(DueTimer(run_pk))
        self._waiting.pop(run_pk, None)
        place = self._place_of.pop(run_pk, None)
        if place is None:
            return None
        lane, dag_id = place
        self._counts[lane] -= 1
        return dag_id

    def admit(self) -> Sequence[DagRun]:
        """The runs that begin now, earliest first; they count as running from here on."""
        return [self._waiting.pop(run_pk) for run_pk in self._admission.admit()]

    def count(self, dag_id: str) -> int:
        """Runs of the DAG that wait or run, those of its backfills aside."""
        return self._counts.get(dag_id, 0)

    def count_of_backfill(self, number: int) -> int:
        """Runs of an open backfill that wait or run."""
        return self._counts.get(_lane(number), 0)

    def _count(self, run: DagRun) -> str:
        place = self._place_of.get(run.pk)
        if place is None:
            lane = _lane(run.backfill) if run.backfill in self._backfills else run.dag_id
            self._place_of[run.pk] = (lane, run.dag_id)
            self._counts[lane] = self._counts.get(lane, 0) + 1
            return lane
        return place[0]


def _lane(backfill: int | None) -> str:
    """What the runs of a backfill count under; no DAG has such an id."""
    return f"backfill {backfill}"
