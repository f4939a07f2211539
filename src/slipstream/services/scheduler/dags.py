"""What the scheduler knows of the DAGs: paused or not, the latest version, the limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slipstream.model.dag import DagSpec
from slipstream.model.errors import NotFoundError
from slipstream.model.team import TeamOf, no_team
from slipstream.services.scheduler.needs import SchedulingStore
from slipstream.store.records import DagFilter, DagRecord, NextRun, Window

_PAGE = 500


@dataclass(frozen=True, slots=True)
class KnownDag:
    """A DAG as it was last read."""

    dag_id: str
    is_paused: bool
    is_stale: bool
    fileloc: str
    version_id: str
    spec: DagSpec
    next_run: NextRun
    """When it runs next, as the store tells people."""


class DagBook:
    """Every DAG, read once and again whenever the store says that it changed."""

    def __init__(self, store: SchedulingStore, team_of: TeamOf = no_team) -> None:
        self._store = store
        self._team_of = team_of
        self._dags: dict[str, KnownDag] = {}
        self.has_changed = False
        """Whether any DAG was read since somebody last looked."""

    def __iter__(self) -> Iterator[KnownDag]:
        return iter(tuple(self._dags.values()))

    def get(self, dag_id: str) -> KnownDag | None:
        """A DAG, or None for one that the store does not have."""
        return self._dags.get(dag_id)

    def is_paused(self, dag_id: str) -> bool:
        """Whether nothing of the DAG may be started. One that is not there is not paused."""
        known = self._dags.get(dag_id)
        return known is not None and known.is_paused

    def team(self, dag_id: str) -> str | None:
        """The DAG's team; None for one that has none, or is not there."""
        known = self._dags.get(dag_id)
        return None if known is None else self._team_of(known.fileloc)

    def max_active_runs(self, dag_id: str) -> int:
        """How many runs may be running; 0, which is without limit, for a DAG that is not there."""
        known = self._dags.get(dag_id)
        return 0 if known is None else known.spec.max_active_runs

    def read_all(self) -> None:
        """Read every DAG, those whose files are gone too."""
        found: dict[str, KnownDag] = {}
        everything = DagFilter(exclude_stale=False)
        while True:
            window = Window(limit=_PAGE, offset=len(found))
            page = self._store.list_dags(everything, window)
            found.update((record.dag_id, _known(record)) for record in page.items)
            if len(page.items) < _PAGE:
                break
        self._dags = found
        self.has_changed = True

    def read(self, dag_id: str) -> KnownDag | None:
        """Read one DAG again; None where it is gone."""
        self.has_changed = True
        try:
            known = _known(self._store.get_dag(dag_id))
        except NotFoundError:
            self._dags.pop(dag_id, None)
            return None
        self._dags[dag_id] = known
        return known


def _known(record: DagRecord) -> KnownDag:
    return KnownDag(
        dag_id=record.dag_id,
        is_paused=record.is_paused,
        is_stale=record.is_stale,
        fileloc=record.fileloc,
        version_id=record.latest.version_id,
        spec=record.latest.spec,
        next_run=_next_run(record),
    )


def _next_run(record: DagRecord) -> NextRun:
    return NextRun(
        dag_id=record.dag_id,
        run_after=record.next_run_after,
        logical_date=record.next_logical_date,
        interval_start=record.next_interval_start,
        interval_end=record.next_interval_end,
        problem=record.schedule_problem,
    )
