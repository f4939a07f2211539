"""The simulation's store with what the conformance suite uses to set its scenes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count

from slipstream.model.asset import AssetEvent
from slipstream.model.attempt import XComWrite
from slipstream.model.errors import ConflictError
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import LIVE, TaskState
from slipstream.model.version import DagVersion, ParsedFile
from slipstream.store.records import NoticeKind, XComRecord
from slipstream.store.times import utc_now
from slipstream.testing.memory_store import MemoryStore


class ConformingStore(MemoryStore):
    """Takes parsed files, and lets one look at a run and push an XCom by hand."""

    def __init__(self) -> None:
        """Nothing is in it but the default pool."""
        numbers = count(1)
        super().__init__(utc_now, lambda: f"version{next(numbers)}")

    def record_parsed(self, parsed: Sequence[ParsedFile]) -> Mapping[str, DagVersion]:
        """Keep the DAGs that are new or have changed, paused."""
        return {
            spec.dag_id: self.put_dag(spec, is_paused=True)
            for file in parsed
            for spec in file.dags
            if spec.dag_id not in self._dags or self._dags[spec.dag_id].latest.spec != spec
        }

    def mark_files_gone(self, filelocs: Sequence[str]) -> None:
        """The DAGs of these files become stale."""
        for dag_id, record in self._dags.items():
            if record.fileloc in filelocs or f"/dags/{dag_id}.py" in filelocs:
                self._dags[dag_id] = replace(record, is_stale=True)
                self._notify(NoticeKind.DAG_CHANGED, dag_id)

    def events_of_run(self, run_pk: int) -> Sequence[AssetEvent]:
        """The events that a run was made for."""
        return [self.assets.events[pk - 1] for pk in self.assets.of_runs[run_pk]]

    def set_run_note(self, dag_id: str, run_id: str, note: str | None, user: str | None) -> DagRun:
        """Attach a note."""
        del user
        entry = self._named(dag_id, run_id)
        entry.run = replace(entry.run, note=note)
        return entry.run

    def get_run(self, dag_id: str, run_id: str) -> DagRun:
        """Raises `NotFoundError`."""
        return self._named(dag_id, run_id).run

    def set_xcom(
        self,
        run_pk: int,
        key: TaskKey,
        xcom_key: str,
        value: str,
        length: int | None,
        *,
        attempt_id: str | None = None,
    ) -> None:
        """Store a value. With an attempt id: raises `ConflictError` unless it still counts."""
        entry = self._entry(run_pk)
        if attempt_id is not None:
            instance = entry.instances[key]
            counts = instance.state in LIVE and instance.state is not TaskState.RESTARTING
            if instance.attempt_id != attempt_id or not counts:
                raise ConflictError(f"The attempt {attempt_id} does not count.")
        entry.push(key, XComWrite(xcom_key, value, length))

    def get_xcom(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str
    ) -> XComRecord | None:
        """One value."""
        entry = self._named(dag_id, run_id)
        found = entry.xcoms.get(TaskKey(task_id, map_index), {}).get(key)
        if found is None:
            return None
        return XComRecord(
            run_pk=entry.run.pk,
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            key=key,
            value=found.value,
            timestamp=utc_now(),
        )

    def close(self) -> None:
        """Nothing is held."""
