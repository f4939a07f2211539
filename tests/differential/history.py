"""Several runs of one DAG, cleared and gone on with, on our side: `depends_on_past` and clearing.

The machine and the rules are those of production; tasks run in this process, one at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any, get_args

from slipstream.core.machine import RunMachine
from slipstream.core.past import judge_past, only_scheduled, tasks_asked_of
from slipstream.core.relatives import to_clear
from slipstream.core.timetable import manual_interval, run_id_for
from slipstream.model.attempt import XComWrite
from slipstream.model.changes import Change, RowChange
from slipstream.model.dag import DagSpec
from slipstream.model.events import PastSettled
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RUN_FINISHED, RunState, RunType, TaskState, TriggeredBy
from slipstream.sdk._dag import DAG
from slipstream.sdk._spec import build_spec
from slipstream.store.records import BRANCH_DECISION_KEY, NewRun, RunWrite
from slipstream.testing.in_process import InProcessRun, NothingLeftToDoError, Observer
from slipstream.testing.memory_backend import MemoryBackend
from slipstream.testing.memory_store import MemoryStore

FAILED = (TaskState.FAILED, TaskState.UPSTREAM_FAILED)
ROW_CHANGES = get_args(RowChange)


class History:
    """Runs of one DAG in memory, by their date."""

    def __init__(self, dag: DAG, conf: Mapping[str, Any]) -> None:
        numbers = count(1)
        self._dag = dag
        self._conf = conf
        self._spec = build_spec(dag)
        self.store = MemoryStore(lambda: datetime.now(UTC), lambda: f"version-{next(numbers)}")
        self._version = self.store.put_dag(self._spec)
        self._runs: dict[datetime, int] = {}
        self._first: MemoryBackend | None = None

    def take(self, date: datetime, clear: Mapping[str, Any] | None, watch: Observer) -> DagRun:
        """Make the run of that date, or clear in it, or go on with it; the run as it then is."""
        if date not in self._runs:
            self._runs[date] = self._create(date).pk
        pk = self._runs[date]
        if clear is not None:
            self._clear(pk, **clear)
        snapshot = self.store.load_run(pk)
        if snapshot.run.state in RUN_FINISHED:
            return snapshot.run
        driven = _OneOfSeveral(
            self._dag,
            self._spec,
            snapshot.run,
            self.backend(snapshot.run),
            observe=self._keeper(pk, watch),
        )
        driven.go_on(self.store)
        with suppress(NothingLeftToDoError):
            driven.drive()
        self._keep_decisions(snapshot.run)
        return self.store.load_run(pk).run

    def backend(self, run: DagRun) -> MemoryBackend:
        """Where the run's values are: all runs share one memory."""
        if self._first is None:
            self._first = MemoryBackend(run.dag_id, run.run_id)
        return self._first.of_run(run.dag_id, run.run_id)

    def _create(self, date: datetime) -> DagRun:
        interval = manual_interval(self._spec.schedule, date)
        return self.store.create_run(
            NewRun(
                dag_id=self._dag.dag_id,
                run_id=run_id_for(RunType.MANUAL, run_after=date, logical_date=date),
                run_type=RunType.MANUAL,
                version_id=self._version.version_id,
                run_after=date,
                logical_date=date,
                data_interval_start=interval[0],
                data_interval_end=interval[1],
                triggered_by=TriggeredBy.TEST.value,
                conf=self._conf,
                reason="It is a test.",
            )
        )

    def _clear(
        self,
        pk: int,
        task_ids: Sequence[str],
        upstream: bool,
        downstream: bool,
        only_failed: bool,
    ) -> None:
        chosen = to_clear(self._spec, task_ids, upstream=upstream, downstream=downstream)
        snapshot = self.store.load_run(pk)
        keys = [
            one.key
            for one in snapshot.instances
            if one.task_id in chosen and (not only_failed or one.state in FAILED)
        ]
        if not keys:
            return
        self.store.clear_instances(pk, keys)
        xcoms = self.backend(snapshot.run)._xcoms
        for (_, run_id, task_id, _), values in xcoms.items():
            for key in keys:
                if (run_id, task_id) == (snapshot.run.run_id, key.task_id):
                    values.pop(key.map_index, None)

    def _keep_decisions(self, run: DagRun) -> None:
        """What branches have decided holds for tasks that are cleared later."""
        for (_, run_id, task_id, key), values in self.backend(run)._xcoms.items():
            if run_id == run.run_id and key == BRANCH_DECISION_KEY:
                for index, text in values.items():
                    self.store._entry(run.pk).push(
                        TaskKey(task_id, index), XComWrite(key, text, None)
                    )

    def _keeper(self, pk: int, watch: Observer) -> Observer:
        def keep(change: Change) -> None:
            watch(change)
            if isinstance(change, ROW_CHANGES):
                seen = self.store.load_run(pk).run.revision
                assert not self.store.apply([RunWrite(pk, seen, [change])])

        return keep


class _OneOfSeveral(InProcessRun):
    """A run that has one before it, and that may have begun already."""

    def go_on(self, store: MemoryStore) -> None:
        """Stand where the store's rows stand."""
        snapshot = store.load_run(self.machine.run.pk)
        self._store = store
        self._spec: DagSpec = self.machine.dag
        self.machine = RunMachine.restore(
            self._spec,
            snapshot.run,
            snapshot.instances,
            snapshot.lengths,
            snapshot.pushed,
            snapshot.decisions,
            snapshot.deferrals,
        )
        self.instances = {one.key: one for one in snapshot.instances}

    def _begin(self) -> None:
        if self.machine.run.state is RunState.QUEUED:
            super()._begin()
        else:
            self._take(self.machine.resume(self._clock.now()))

    def _ask_past(self, key: TaskKey) -> PastSettled:
        task = self._spec.tasks[key.task_id]
        past = self._store.past_run(
            self.machine.run, tasks_asked_of(task), only_scheduled=only_scheduled(self._spec)
        )
        satisfied, reason = judge_past(self._spec, task, past)
        return PastSettled(key, self._clock.now(), satisfied, reason)
