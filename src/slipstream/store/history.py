"""Writing the history of another orchestrator: runs that have ended, in large batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select, tuple_

from slipstream.model.dag import DagSpec
from slipstream.model.ids import new_uuid7
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.version import hash_sources
from slipstream.store.database import Transaction
from slipstream.store.imported import ImportCount, ImportedDag, ImportedRun
from slipstream.store.parts import StoreParts
from slipstream.store.records import AttemptRecord
from slipstream.store.rows import to_json
from slipstream.store.sources import keep_sources
from slipstream.store.tables import attempt, dag, dag_run, dag_task, dag_version, task_instance
from slipstream.store.times import to_micros
from slipstream.wire.dag import decode_dag, encode_dag

_IMPORTED = 0
"""The number of a DAG's first imported version; later ones count down. Files count from 1."""

_BUNDLE = "dags-folder"
_AT_ONCE = 500
"""Keys in one query; SQLite takes a limited number of parameters."""


class HistoryVerbs(StoreParts):
    """Bringing in runs that have ended elsewhere."""

    def import_dags(self, dags: Sequence[ImportedDag]) -> frozenset[str]:
        """See `HistoryStore`."""
        new = set()
        with self._database.write() as transaction:
            present = set(transaction.column(select(dag.c.dag_id)))
            imported = _imported_versions(transaction)
            for one in dags:
                dag_id = one.spec.dag_id
                known = imported.get(dag_id, [])
                if not known:
                    new.add(dag_id)
                if any(one.spec.tasks.keys() <= tasks for _number, tasks in known):
                    continue
                number = min((number for number, _tasks in known), default=_IMPORTED + 1) - 1
                version_id = new_uuid7()
                if dag_id not in present:
                    transaction.execute(insert(dag), [self._dag_row(one, version_id)])
                self._add_version(transaction, one, version_id, number)
        return frozenset(new)

    def known_run_ids(self, runs: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """See `HistoryStore`."""
        with self._database.read() as transaction:
            return frozenset(_known(transaction, runs))

    def import_runs(self, runs: Sequence[ImportedRun]) -> ImportCount:
        """See `HistoryStore`."""
        with self._database.write() as transaction:
            known = _known(transaction, [(one.run.dag_id, one.run.run_id) for one in runs])
            new = [one for one in runs if (one.run.dag_id, one.run.run_id) not in known]
            taken = _taken_dates(transaction, [one.run for one in new])
            fresh = [one for one in new if _date(one.run) not in taken]
            versions = _version_of_each(transaction, fresh)
            rows = [_run_row(one.run, versions[one.run.dag_id, one.run.run_id]) for one in fresh]
            if not rows:
                return ImportCount(0, 0, len(new) - len(fresh))
            transaction.execute(insert(dag_run), rows)
            numbers = _numbers(transaction, [one.run for one in fresh])
            instances: list[Mapping[str, object]] = []
            attempts: list[Mapping[str, object]] = []
            for one in fresh:
                pk = numbers[one.run.dag_id, one.run.run_id]
                instances += [_instance_row(pk, each) for each in one.instances]
                attempts += [_attempt_row(pk, each) for each in one.attempts]
            if instances:
                transaction.execute(insert(task_instance), instances)
            if attempts:
                transaction.execute(insert(attempt), attempts)
            return ImportCount(len(fresh), len(instances), len(new) - len(fresh))

    def _dag_row(self, one: ImportedDag, version_id: str) -> Mapping[str, object]:
        spec = one.spec
        return {
            "dag_id": spec.dag_id,
            "is_paused": one.is_paused,
            "is_stale": True,
            "fileloc": one.fileloc,
            "relative_fileloc": spec.relative_fileloc,
            "bundle_name": _BUNDLE,
            "latest_version_id": version_id,
            "display_name": spec.display_name or spec.dag_id,
            "owners": to_json(sorted({task.owner for task in spec.tasks.values()})),
            "last_parsed_at": to_micros(self._clock()),
            "last_parse_seconds": 0.0,
        }

    def _add_version(
        self, transaction: Transaction, one: ImportedDag, version_id: str, number: int
    ) -> None:
        source_hash = hash_sources(one.sources)
        keep_sources(transaction, {source_hash: one.sources})
        version = {
            "version_id": version_id,
            "dag_id": one.spec.dag_id,
            "number": number,
            "spec": encode_dag(one.spec),
            "fileloc": one.fileloc,
            "source_hash": source_hash,
            "created_at": to_micros(self._clock()),
        }
        transaction.execute(insert(dag_version), [version])
        tasks = [
            {
                "version_id": version_id,
                "task_id": task.task_id,
                "pool": task.pool,
                "pool_slots": task.pool_slots,
                "queue": task.queue,
                "operator": task.class_name,
                "operator_name": task.operator_name,
                "executor": task.executor,
                "display_name": task.display_name,
            }
            for task in one.spec.tasks.values()
        ]
        if tasks:
            transaction.execute(insert(dag_task), tasks)


def _imported_versions(transaction: Transaction) -> dict[str, list[tuple[int, frozenset[str]]]]:
    """`{dag_id: [(number, task ids)]}` of what was imported before, the newest first."""
    versions = select(dag_version.c.dag_id, dag_version.c.number, dag_version.c.spec)
    found: dict[str, list[tuple[int, frozenset[str]]]] = {}
    for dag_id, number, spec in transaction.rows(
        versions.where(dag_version.c.number <= _IMPORTED).order_by(dag_version.c.number)
    ):
        tasks = frozenset(_decoded(spec).tasks)
        found.setdefault(dag_id, []).append((number, tasks))
    return found


def _decoded(spec: bytes) -> DagSpec:
    return decode_dag(bytes(spec))


def _known(transaction: Transaction, runs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    key = tuple_(dag_run.c.dag_id, dag_run.c.run_id)
    for part in _parts(runs):
        query = select(dag_run.c.dag_id, dag_run.c.run_id).where(key.in_(list(part)))
        found.update((dag_id, run_id) for dag_id, run_id in transaction.rows(query))
    return found


def _date(run: DagRun) -> tuple[str, int] | None:
    return None if run.logical_date is None else (run.dag_id, to_micros(run.logical_date))


def _taken_dates(transaction: Transaction, runs: Iterable[DagRun]) -> set[tuple[str, int] | None]:
    """The dates of these that a run of the same DAG has already."""
    dates = [date for date in map(_date, runs) if date is not None]
    found: set[tuple[str, int] | None] = set()
    key = tuple_(dag_run.c.dag_id, dag_run.c.logical_date)
    for part in _parts(dates):
        query = select(dag_run.c.dag_id, dag_run.c.logical_date).where(key.in_(list(part)))
        found.update((dag_id, date) for dag_id, date in transaction.rows(query))
    return found


def _version_of_each(
    transaction: Transaction, runs: Sequence[ImportedRun]
) -> Mapping[tuple[str, str], str]:
    """`{(dag_id, run_id): version_id}`: the imported version that was read last of those that have
    all tasks of the run; where none has, the one that was read last."""
    versions: dict[str, list[str]] = {}
    for part in _parts(sorted({one.run.dag_id for one in runs})):
        query = (
            select(dag_version.c.dag_id, dag_version.c.version_id)
            .where(dag_version.c.dag_id.in_(list(part)), dag_version.c.number <= _IMPORTED)
            .order_by(dag_version.c.number)
        )
        for dag_id, version_id in transaction.rows(query):
            versions.setdefault(dag_id, []).append(version_id)
    several = [version_id for found in versions.values() if len(found) > 1 for version_id in found]
    tasks = _tasks_of(transaction, several)
    chosen = {}
    for one in runs:
        needed = {each.task_id for each in one.instances}
        found = versions[one.run.dag_id]
        able = (version_id for version_id in found if needed <= tasks.get(version_id, set()))
        chosen[one.run.dag_id, one.run.run_id] = next(able, found[0])
    return chosen


def _tasks_of(transaction: Transaction, version_ids: Sequence[str]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for part in _parts(version_ids):
        query = select(dag_task.c.version_id, dag_task.c.task_id)
        for version_id, task_id in transaction.rows(
            query.where(dag_task.c.version_id.in_(list(part)))
        ):
            found.setdefault(version_id, set()).add(task_id)
    return found


def _numbers(transaction: Transaction, runs: Iterable[DagRun]) -> Mapping[tuple[str, str], int]:
    """`{(dag_id, run_id): pk}`."""
    found: dict[tuple[str, str], int] = {}
    key = tuple_(dag_run.c.dag_id, dag_run.c.run_id)
    for part in _parts([(run.dag_id, run.run_id) for run in runs]):
        query = select(dag_run.c.dag_id, dag_run.c.run_id, dag_run.c.pk).where(key.in_(list(part)))
        found.update(((dag_id, run_id), pk) for dag_id, run_id, pk in transaction.rows(query))
    return found


def _run_row(run: DagRun, version_id: str) -> Mapping[str, object]:
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "run_type": run.run_type.value,
        "state": run.state.value,
        "version_id": version_id,
        "run_after": to_micros(run.run_after),
        "logical_date": to_micros(run.logical_date),
        "data_interval_start": to_micros(run.data_interval_start),
        "data_interval_end": to_micros(run.data_interval_end),
        "queued_at": to_micros(run.queued_at),
        "start_date": to_micros(run.start_date),
        "end_date": to_micros(run.end_date),
        "triggered_by": run.triggered_by.value,
        "triggering_user": run.triggering_user,
        "conf": to_json(run.conf),
        "note": run.note,
        "reason": run.reason,
        "revision": 0,
        "partition_key": run.partition_key,
        "partition_date": to_micros(run.partition_date),
    }


def _instance_row(run_pk: int, one: TaskInstance) -> Mapping[str, object]:
    return {
        "run_pk": run_pk,
        "task_id": one.task_id,
        "map_index": one.map_index,
        "state": one.state.value,
        "try_number": one.try_number,
        "max_tries": one.max_tries,
        "attempt_id": one.attempt_id,
        "losses": 0,
        "reschedules": 0,
        "scheduled_at": to_micros(one.scheduled_at),
        "queued_at": to_micros(one.queued_at),
        "start_date": to_micros(one.start_date),
        "end_date": to_micros(one.end_date),
        "hostname": one.hostname,
        "pid": one.pid,
        "rendered_map_index": one.rendered_map_index,
        "note": one.note,
        "reason": one.reason,
    }


def _attempt_row(run_pk: int, one: AttemptRecord) -> Mapping[str, object]:
    return {
        "attempt_id": one.attempt_id,
        "run_pk": run_pk,
        "task_id": one.task_id,
        "map_index": one.map_index,
        "try_number": one.try_number,
        "state": one.state.value,
        "queued_at": to_micros(one.queued_at),
        "start_date": to_micros(one.start_date),
        "end_date": to_micros(one.end_date),
        "hostname": one.hostname,
        "pid": one.pid,
        "reason": one.reason,
    }


def _parts(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
