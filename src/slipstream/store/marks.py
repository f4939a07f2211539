"""What people do to runs and task instances from outside: clear them, mark them, end them.

Each edit raises the run's revision, so that what the scheduler decided on the old state is refused,
and leaves a notice, so that it reads the run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Table, delete, select, tuple_, update

from slipstream.model.dag import DagSpec
from slipstream.model.errors import ConflictError, NotFoundError
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import LIVE, RunState, TaskState
from slipstream.model.version import DagVersion
from slipstream.store import edits
from slipstream.store.attempts import archive_left, left_attempts
from slipstream.store.dags import DagVerbs
from slipstream.store.database import Transaction
from slipstream.store.instance_rows import UPDATE_INSTANCE, update_row
from slipstream.store.people_tables import hitl_detail
from slipstream.store.records import InstanceInRun, NoticeKind
from slipstream.store.rows import INSTANCE_COLUMNS, RUN_COLUMNS, to_instance, to_run
from slipstream.store.runs import find_run
from slipstream.store.tables import (
    attempt,
    dag,
    dag_run,
    deferral,
    rendered_fields,
    task_instance,
    task_state_store,
    xcom,
)
from slipstream.store.times import to_micros

_KEYS_AT_ONCE = 200
_OF_INSTANCES = (
    xcom,
    attempt,
    deferral,
    hitl_detail,
    rendered_fields,
    task_state_store,
    task_instance,
)
"""What is kept of task instances."""


class MarkVerbs(DagVerbs):
    """Edits of runs and instances from outside of the scheduler."""

    def clear_instances(
        self,
        run_pk: int,
        keys: Sequence[TaskKey],
        *,
        run_state: RunState | None = RunState.QUEUED,
        dry_run: bool = False,
        latest_version: bool | None = None,
        only_new: bool = False,
    ) -> Sequence[InstanceInRun]:
        """Let these run again, with all their retries; gives what was cleared.

        A dry run gives what would be, as it is now.
        """
        edits.check_clear_to(run_state)
        version = self._version_to_rerun(run_pk, latest_version)
        with self._database.write() as transaction:
            run, instances = self._locked(transaction, run_pk, keys)
            if dry_run:
                return [InstanceInRun(instance, run) for instance in instances]
            cleared = [edits.clear_instance(one, version.spec) for one in instances]
            if cleared or only_new:
                run = edits.reopen_run(run, run_state, self._clock())
                run = replace(run, version_id=version.version_id)
                _delete_xcoms(transaction, run_pk, [instance.key for instance in cleared])
                run = self._edit(transaction, run, cleared)
        return [InstanceInRun(instance, run) for instance in cleared]

    def set_instances_state(
        self, run_pk: int, keys: Sequence[TaskKey], state: TaskState, *, dry_run: bool = False
    ) -> Sequence[InstanceInRun]:
        """Mark instances as success, failed or skipped; a live attempt is fenced off and ended.

        A dry run gives what would be, as it is now.
        """
        edits.check_mark(state)
        now = self._clock()
        with self._database.write() as transaction:
            run, instances = self._locked(transaction, run_pk, keys)
            if dry_run:
                return [InstanceInRun(instance, run) for instance in instances]
            marked = [edits.mark_instance(instance, state, now) for instance in instances]
            if marked:
                run = self._edit(transaction, run, marked)
        return [InstanceInRun(instance, run) for instance in marked]

    def delete_instances(self, run_pk: int, keys: Sequence[TaskKey]) -> None:
        """Remove instances with all that belongs to them. Raises `ConflictError` for a live one."""
        with self._database.write() as transaction:
            run, instances = self._locked(transaction, run_pk, keys)
            live = [instance for instance in instances if instance.state in LIVE]
            if live:
                raise ConflictError(
                    f"The task instance {live[0].task_id!r} is {live[0].state}: mark it first."
                )
            for table in _OF_INSTANCES:
                for condition in _among(table, run_pk, keys):
                    transaction.execute(delete(table).where(condition))
            self._edit(transaction, run, [])

    def set_run_state(self, dag_id: str, run_id: str, state: RunState) -> DagRun:
        """Mark a run as success or failed, which ends its instances too, or queue it again."""
        edits.check_run_mark(state)
        run_pk = self._run_pk(dag_id, run_id)
        spec = self._spec_of(run_pk)
        now = self._clock()
        with self._database.write() as transaction:
            run, instances = self._locked(transaction, run_pk, None)
            run, ended = edits.mark_run(run, instances, spec, state, now)
            return self._edit(transaction, run, ended)

    def forget_partitions(self, run_pks: Sequence[int]) -> None:
        """Make these runs be about no partition. Raises `NotFoundError` where one is not there."""
        wanted = sorted(set(run_pks))
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            some = wanted[start : start + _KEYS_AT_ONCE]
            with self._database.write() as transaction:
                missing = set(some) - set(self._database.lock_runs(transaction, some))
                if missing:
                    raise _no_run(min(missing))
                transaction.execute(
                    update(dag_run)
                    .where(dag_run.c.pk.in_(some))
                    .values(
                        partition_key=None, partition_date=None, revision=dag_run.c.revision + 1
                    )
                )
                transaction.leave_notice(NoticeKind.RUN_EDITED, some)

    def _forget_xcoms(self, transaction: Transaction, run_pk: int, keys: Sequence[TaskKey]) -> None:
        """Remove what these instances have pushed."""
        _delete_xcoms(transaction, run_pk, keys)

    def _run_pk(self, dag_id: str, run_id: str) -> int:
        with self._database.read() as transaction:
            return find_run(transaction, dag_id, run_id).pk

    def _version_to_rerun(self, run_pk: int, asked: bool | None) -> DagVersion:
        """The run's own version, or the DAG's latest one."""
        query = (
            select(dag_run.c.version_id, dag.c.latest_version_id)
            .join(dag, dag.c.dag_id == dag_run.c.dag_id, isouter=True)
            .where(dag_run.c.pk == run_pk)
        )
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        if not rows:
            raise _no_run(run_pk)
        own, latest = rows[0]
        newest = self.get_version(own if latest is None else latest)
        return newest if edits.reruns_latest(newest.spec, asked) else self.get_version(own)

    def _spec_of(self, run_pk: int) -> DagSpec:
        query = select(dag_run.c.version_id).where(dag_run.c.pk == run_pk)
        with self._database.read() as transaction:
            version_id = transaction.value(query)
        if version_id is None:
            raise _no_run(run_pk)
        return self.get_version(version_id).spec

    def _locked(
        self, transaction: Transaction, run_pk: int, keys: Sequence[TaskKey] | None
    ) -> tuple[DagRun, list[TaskInstance]]:
        """The run and those of its instances (None for all), locked until the end."""
        if run_pk not in self._database.lock_runs(transaction, [run_pk]):
            raise _no_run(run_pk)
        rows = transaction.rows(select(*RUN_COLUMNS).where(dag_run.c.pk == run_pk))
        return to_run(rows[0]), _find(transaction, run_pk, keys)

    def _edit(
        self, transaction: Transaction, run: DagRun, instances: Sequence[TaskInstance]
    ) -> DagRun:
        """Write the run and the instances, raise the revision and tell the scheduler."""
        fenced = [instance.key for instance in instances if instance.attempt_id is None]
        for condition in _among(task_instance, run.pk, fenced):
            narrowed = left_attempts().where(condition)
            transaction.execute(archive_left(self._database.dialect, narrowed))
        transaction.run_many(UPDATE_INSTANCE, [update_row(instance) for instance in instances])
        over = [instance.key for instance in instances if instance.state not in LIVE]
        for condition in _among(deferral, run.pk, over):
            transaction.execute(delete(deferral).where(condition))
        edited = replace(run, revision=run.revision + 1)
        transaction.execute(
            update(dag_run)
            .where(dag_run.c.pk == run.pk)
            .values(
                state=edited.state.value,
                queued_at=to_micros(edited.queued_at),
                start_date=to_micros(edited.start_date),
                end_date=to_micros(edited.end_date),
                reason=edited.reason,
                revision=edited.revision,
                version_id=edited.version_id,
                clear_number=edited.clear_number,
            )
        )
        transaction.leave_notice(NoticeKind.RUN_EDITED, [run.pk])
        return edited


def _find(
    transaction: Transaction, run_pk: int, keys: Sequence[TaskKey] | None
) -> list[TaskInstance]:
    """The run's instances (None for all) in their order. Raises `NotFoundError`."""
    query = select(task_instance.c.pk, *INSTANCE_COLUMNS)
    if keys is None:
        rows = transaction.rows(query.where(task_instance.c.run_pk == run_pk))
    else:
        rows = [
            row
            for condition in _among(task_instance, run_pk, keys)
            for row in transaction.rows(query.where(condition))
        ]
    found = [to_instance(row[1:]) for row in sorted(rows, key=lambda row: row[0])]
    missing = set(keys or ()) - {instance.key for instance in found}
    if missing:
        named = ", ".join(f"{task_id}[{map_index}]" for task_id, map_index in sorted(missing)[:5])
        raise NotFoundError(f"The run has {len(missing)} of these task instances not: {named}.")
    return found


def _delete_xcoms(transaction: Transaction, run_pk: int, keys: Sequence[TaskKey]) -> None:
    for condition in _among(xcom, run_pk, keys):
        transaction.execute(delete(xcom).where(condition))


def _among(table: Table, run_pk: int, keys: Sequence[TaskKey]) -> Iterable[ColumnElement[bool]]:
    """Conditions that together cover the keys, each short enough for one statement."""
    unique = sorted(set(keys))
    for start in range(0, len(unique), _KEYS_AT_ONCE):
        some = unique[start : start + _KEYS_AT_ONCE]
        yield (table.c.run_pk == run_pk) & tuple_(table.c.task_id, table.c.map_index).in_(some)


def _no_run(run_pk: int) -> NotFoundError:
    return NotFoundError(f"There is no run with the number {run_pk}.")
