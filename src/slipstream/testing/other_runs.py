"""Runs of other DAGs that the tasks of a run in memory ask for and about."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from slipstream.model.errors import AlreadyExistsError, NotFoundError
from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import TaskKey
from slipstream.model.states import RunState, TaskState
from slipstream.sdk import _scope
from slipstream.sdk._dag import DAG

_log = logging.getLogger("airflow.task")

States: TypeAlias = Callable[[], Mapping[TaskKey, TaskState]]


@dataclass(kw_only=True)
class KnownRun:
    """A run that is in memory: the one that is tested, or one that it started."""

    dag_id: str
    run_id: str
    logical_date: datetime | None = None
    conf: Mapping[str, JsonValue] = field(default_factory=dict)
    states: States = dict
    state: Callable[[], str] = lambda: RunState.QUEUED.value


Starter: TypeAlias = Callable[[DAG, KnownRun], None]
"""Drives a run to its end."""


class KnownRuns:
    """The run that is tested and what it started. `start` drives a run; None starts nothing."""

    def __init__(self, start: Starter | None = None) -> None:
        self._start = start
        self._runs: dict[tuple[str, str], KnownRun] = {}
        self._driven: list[str] = []

    def add(self, run: KnownRun) -> None:
        """From now on it can be asked about; an earlier one of the same id no longer."""
        self._runs[run.dag_id, run.run_id] = run

    def get(self, dag_id: str, run_id: str) -> KnownRun | None:
        """The run, or None."""
        return self._runs.get((dag_id, run_id))

    def find(
        self, dag_id: str, run_ids: Collection[str], logical_dates: Collection[datetime]
    ) -> Iterator[KnownRun]:
        """Runs of a DAG by ids and dates; an empty collection does not restrict."""
        for run in self._runs.values():
            if run.dag_id != dag_id or (run_ids and run.run_id not in run_ids):
                continue
            if not logical_dates or run.logical_date in logical_dates:
                yield run

    def trigger(self, run: KnownRun, *, reset_existing: bool) -> None:
        """Carry the run out, here and now, if its DAG was made in this process.

        A DAG that (through others) started this very run is not run again inside of itself: its
        run waits. Raises `NotFoundError` and `AlreadyExistsError`.
        """
        if self.get(run.dag_id, run.run_id) is not None and not reset_existing:
            raise AlreadyExistsError(f"DAG {run.dag_id!r} has a run {run.run_id!r} already.")
        dag = _scope.find_dag(run.dag_id)
        if dag is None or self._start is None:
            raise NotFoundError(
                f"DAG {run.dag_id!r} cannot be started here: this run is by itself, without a "
                "server, and the DAG is of another file. Mark the task as done with "
                "mark_success_pattern."
            )
        self.add(run)
        if run.dag_id in self._driven:
            _log.info("Run %s of DAG %s waits: it began this one", run.run_id, run.dag_id)
            return
        self._start(dag, run)

    @contextmanager
    def driving(self, dag_id: str) -> Iterator[None]:
        """Inside, a run of that DAG is being driven."""
        self._driven.append(dag_id)
        try:
            yield
        finally:
            self._driven.remove(dag_id)


def instance_states(
    run: KnownRun, task_ids: Sequence[str] | None, map_index: int
) -> dict[str, str | None]:
    """`{task_id or task_id_mapindex: state}` of the run's instances that are asked for."""
    found: dict[str, str | None] = {}
    for key, state in run.states().items():
        if task_ids is not None and key.task_id not in task_ids:
            continue
        if map_index not in (UNMAPPED, key.map_index):
            continue
        name = key.task_id if key.map_index == UNMAPPED else f"{key.task_id}_{key.map_index}"
        found[name] = None if state is TaskState.NONE else state.value
    return found
