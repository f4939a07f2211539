"""What is brought in from another orchestrator, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from slipstream.model.dag import DagSpec
from slipstream.model.run import DagRun, TaskInstance
from slipstream.store.records import AttemptRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedDag:
    """A DAG as far as its history tells of it: its tasks, and the text of its file."""

    spec: DagSpec
    is_paused: bool
    fileloc: str
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRun:
    """A finished run with everything that belongs to it.

    `run.pk`, `run.version_id` and the `run_pk` of its parts are the store's to fill in. `attempts`
    are those that an instance has left behind; its latest one is the instance itself.
    """

    run: DagRun
    instances: Sequence[TaskInstance] = ()
    attempts: Sequence[AttemptRecord] = ()


@dataclass(frozen=True, slots=True)
class ImportCount:
    """How much of a batch of runs was written."""

    runs: int
    instances: int
    clashing: int = 0
    """Runs whose DAG has another run of the same logical date."""


class HistoryStore(Protocol):
    """What bringing in a history needs."""

    def import_dags(self, dags: Sequence[ImportedDag]) -> frozenset[str]:
        """Make a version of each DAG that its imported runs can belong to; gives the ids of DAGs
        that nothing was imported of before.

        A DAG that is not there yet is made, without a file and paused as it was; a DAG that is
        there keeps its latest version and its flag. A version that has all the tasks already is
        used again.
        """

    def known_run_ids(self, runs: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """Which of these `(dag_id, run_id)` are there."""

    def import_runs(self, runs: Sequence[ImportedRun]) -> ImportCount:
        """Write runs that are not there yet, in one transaction. `import_dags` comes first."""
