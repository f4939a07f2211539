"""Which queued runs may begin: `max_active_runs` of each DAG, and paused DAGs."""

from __future__ import annotations

import heapq
from datetime import UTC, datetime

from slipstream.core.reasons import Reason, ReasonCode
from slipstream.model.errors import NotFoundError
from slipstream.model.run import DagRun

_ANY_TIME = datetime.min.replace(tzinfo=UTC)


class _Dag:
    """One DAG: its limit, what runs of it, and what waits, the earliest first."""

    __slots__ = ("active", "is_paused", "limit", "queued", "waiting")

    def __init__(self) -> None:
        self.limit = 0
        self.is_paused = False
        self.active: set[int] = set()
        self.queued: set[int] = set()
        self.waiting: list[tuple[datetime, datetime, int]] = []

    @property
    def has_room(self) -> bool:
        return not self.is_paused and (self.limit <= 0 or len(self.active) < self.limit)


class RunAdmission:
    """Lets queued runs begin as their DAGs have room, the earliest `run_after` first.

    Runs of one DAG count against its `max_active_runs` alone; 0 is without limit. The queued runs
    of a paused DAG wait until it is unpaused. A DAG is unknown, and so without room, until
    `set_dag`. Runs may count under another name than their DAG's (`lane`): such as those of a
    backfill do, in the order in which they were made.
    """

    def __init__(self) -> None:
        self._dags: dict[str, _Dag] = {}
        self._dag_of: dict[int, str] = {}
        self._changed: set[str] = set()

    def set_dag(self, dag_id: str, max_active_runs: int, *, is_paused: bool = False) -> None:
        """Say what holds for a DAG from now on."""
        dag = self._dags.setdefault(dag_id, _Dag())
        dag.limit = max_active_runs
        dag.is_paused = is_paused
        self._changed.add(dag_id)

    def queue(self, run: DagRun, lane: str | None = None) -> None:
        """The run waits for its beginning. A second time changes nothing."""
        name = lane or run.dag_id
        dag = self._dag(name)
        if run.pk in dag.queued or run.pk in dag.active:
            return
        dag.queued.add(run.pk)
        order = (run.run_after, run.logical_date or run.run_after)
        if name != run.dag_id:
            order = (_ANY_TIME, _ANY_TIME)
        heapq.heappush(dag.waiting, (*order, run.pk))
        self._dag_of[run.pk] = name
        self._changed.add(name)

    def hold(self, run: DagRun, lane: str | None = None) -> None:
        """Count a run that is running already."""
        name = lane or run.dag_id
        dag = self._dag(name)
        dag.queued.discard(run.pk)
        dag.active.add(run.pk)
        self._dag_of[run.pk] = name

    def release(self, run_pk: int) -> None:
        """The run has ended, or is gone; without effect where it is unknown."""
        dag_id = self._dag_of.pop(run_pk, None)
        if dag_id is None:
            return
        dag = self._dags[dag_id]
        dag.active.discard(run_pk)
        dag.queued.discard(run_pk)
        self._changed.add(dag_id)

    def admit(self) -> list[int]:
        """The runs that begin now; they count as active from here on."""
        begun: list[tuple[datetime, datetime, int]] = []
        for dag_id in self._changed:
            dag = self._dags.get(dag_id)
            while dag is not None and dag.waiting and dag.has_room:
                entry = heapq.heappop(dag.waiting)
                if entry[-1] in dag.queued:
                    dag.queued.discard(entry[-1])
                    dag.active.add(entry[-1])
                    begun.append(entry)
        self._changed.clear()
        return [entry[-1] for entry in sorted(begun)]

    def active_runs(self, dag_id: str) -> int:
        """How many runs of the DAG are active."""
        dag = self._dags.get(dag_id)
        return 0 if dag is None else len(dag.active)

    def why_held(self, run_pk: int) -> Reason:
        """What keeps a queued run from beginning. Raises `NotFoundError`."""
        dag_id = self._dag_of.get(run_pk)
        if dag_id is None or run_pk not in self._dags[dag_id].queued:
            raise NotFoundError(f"run {run_pk} is not waiting to begin")
        dag = self._dags[dag_id]
        if dag.is_paused:
            sentence = f"DAG {dag_id!r} is paused."
        elif not dag.has_room:
            sentence = f"{len(dag.active)} runs are active, and max_active_runs is {dag.limit}."
        else:
            sentence = "It is next and will begin at once."
        return Reason(ReasonCode.WAITS_FOR_PLACE, sentence)

    def _dag(self, name: str) -> _Dag:
        dag = self._dags.get(name)
        if dag is None:
            dag = self._dags[name] = _Dag()
            dag.is_paused = True
        return dag
