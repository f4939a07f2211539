"""Throwing away what is over: old runs and what hangs on them, versions and objects unused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, select

from slipstream.model.errors import InvalidInputError
from slipstream.model.states import RUN_FINISHED, RunType
from slipstream.store.asset_tables import asset_event, partition_queue, run_asset_event
from slipstream.store.component_tables import job
from slipstream.store.database import Transaction
from slipstream.store.parts import StoreParts
from slipstream.store.people_tables import event_log, hitl_detail
from slipstream.store.tables import (
    attempt,
    dag,
    dag_run,
    dag_source,
    dag_version,
    rendered_fields,
    source_text,
    task_instance,
    task_state_store,
    xcom,
)
from slipstream.store.times import to_micros

_OF_RUNS = (task_instance, attempt, xcom, hitl_detail, task_state_store, rendered_fields)
_RUNS_AT_ONCE = 200
_OBJECT = "xcom_object"
_UNCOMMITTED = timedelta(hours=1)
"""How old an object without a reference must be: one is written ahead of what refers to it."""


class CleanVerbs(StoreParts):
    """Removal of history."""

    def clean(
        self, before: datetime, *, tables: Sequence[str] | None, dry_run: bool
    ) -> Mapping[str, int]:
        """Remove what ended before that moment; `{table: rows}`.

        Each DAG keeps its newest run by the timetable: the next one is counted from it. Runs go
        in small transactions, so that the scheduler is not kept waiting.
        """
        steps = self._steps()
        wanted = list(steps) if tables is None else list(tables)
        unknown = sorted(set(wanted) - set(steps))
        if unknown:
            raise InvalidInputError(
                f"Cannot clean {', '.join(unknown)}: choose among {', '.join(steps)}."
            )
        counts: dict[str, int] = {}
        for name, clean in steps.items():
            if name in wanted:
                for table, rows in clean(before, dry_run).items():
                    counts[table] = counts.get(table, 0) + rows
        return counts

    def _steps(self) -> Mapping[str, Callable[[datetime, bool], Mapping[str, int]]]:
        """`{table: what cleans it}`, in an order in which each leaves the next one its work."""
        of_runs = {
            table.name: lambda before, dry_run, table=table: self._clean_of_runs(
                table, before, dry_run
            )
            for table in _OF_RUNS
        }
        return {
            dag_run.name: self._clean_runs,
            **of_runs,
            dag_version.name: self._clean_versions,
            dag_source.name: self._clean_sources,
            asset_event.name: self._clean_asset_events,
            job.name: self._clean_jobs,
            event_log.name: self._clean_event_log,
            _OBJECT: self._clean_objects,
        }

    def _clean_runs(self, before: datetime, dry_run: bool) -> Mapping[str, int]:
        with self._database.read() as transaction:
            run_pks = transaction.column(select(dag_run.c.pk).where(*_ended(before)))
        counts = dict.fromkeys([dag_run.name, *(table.name for table in _OF_RUNS)], 0)
        for start in range(0, len(run_pks), _RUNS_AT_ONCE):
            some = run_pks[start : start + _RUNS_AT_ONCE]
            with self._database.write() as transaction:
                for table in _OF_RUNS:
                    counts[table.name] += _count(transaction, table, table.c.run_pk.in_(some))
                # Whoever has been cleared in the meantime has no end any more, and stays.
                counts[dag_run.name] += _remove(
                    transaction, dag_run, [dag_run.c.pk.in_(some), *_ended(before)], dry_run
                )
        return counts

    def _clean_of_runs(self, table: Table, before: datetime, dry_run: bool) -> Mapping[str, int]:
        old = table.c.run_pk.in_(select(dag_run.c.pk).where(*_ended(before)))
        with self._database.write() as transaction:
            return {table.name: _remove(transaction, table, [old], dry_run)}

    def _clean_versions(self, before: datetime, dry_run: bool) -> Mapping[str, int]:
        conditions = [
            dag_version.c.created_at < to_micros(before),
            dag_version.c.version_id.not_in(select(dag.c.latest_version_id)),
            dag_version.c.version_id.not_in(select(dag_run.c.version_id)),
        ]
        with self._database.write() as transaction:
            return {dag_version.name: _remove(transaction, dag_version, conditions, dry_run)}

    def _clean_sources(self, _before: datetime, dry_run: bool) -> Mapping[str, int]:
        unused = dag_source.c.source_hash.not_in(select(dag_version.c.source_hash))
        unused_text = source_text.c.text_hash.not_in(select(dag_source.c.text_hash))
        with self._database.write() as transaction:
            return {
                dag_source.name: _remove(transaction, dag_source, [unused], dry_run),
                source_text.name: _remove(transaction, source_text, [unused_text], dry_run),
            }

    def _clean_asset_events(self, before: datetime, dry_run: bool) -> Mapping[str, int]:
        """Those of runs that are there stay, and so do those that still wait for a partition."""
        old = [
            asset_event.c.timestamp < to_micros(before),
            asset_event.c.pk.not_in(select(run_asset_event.c.event_pk)),
            asset_event.c.pk.not_in(select(partition_queue.c.event_pk)),
        ]
        with self._database.write() as transaction:
            return {asset_event.name: _remove(transaction, asset_event, old, dry_run)}

    def _clean_jobs(self, before: datetime, dry_run: bool) -> Mapping[str, int]:
        old = job.c.latest < to_micros(before)
        with self._database.write() as transaction:
            return {job.name: _remove(transaction, job, [old], dry_run)}

    def _clean_event_log(self, before: datetime, dry_run: bool) -> Mapping[str, int]:
        old = event_log.c.when < to_micros(before)
        with self._database.write() as transaction:
            return {event_log.name: _remove(transaction, event_log, [old], dry_run)}

    def _clean_objects(self, _before: datetime, dry_run: bool) -> Mapping[str, int]:
        oldest_kept = self._clock() - _UNCOMMITTED
        with self._database.read() as transaction:
            used = set(transaction.column(select(xcom.c.value).where(xcom.c.is_reference)))
        unused = [
            name
            for name, written_at in self._objects.names()
            if name not in used and written_at < oldest_kept
        ]
        for name in () if dry_run else unused:
            self._objects.remove(name)
        return {_OBJECT: len(unused)}


def _ended(before: datetime) -> list[ColumnElement[bool]]:
    newest = dag_run.alias("newest")
    by_timetable = (RunType.SCHEDULED.value, RunType.BACKFILL.value)
    last_scheduled = (
        select(func.max(newest.c.run_after))
        .where(newest.c.dag_id == dag_run.c.dag_id, newest.c.run_type.in_(by_timetable))
        .scalar_subquery()
    )
    return [
        dag_run.c.state.in_([state.value for state in RUN_FINISHED]),
        dag_run.c.end_date < to_micros(before),
        dag_run.c.run_type.not_in(by_timetable) | (dag_run.c.run_after < last_scheduled),
    ]


def _count(transaction: Transaction, table: Table, *conditions: ColumnElement[bool]) -> int:
    found: Any = transaction.value(select(func.count()).select_from(table).where(*conditions))
    return int(found)


def _remove(
    transaction: Transaction,
    table: Table,
    conditions: Sequence[ColumnElement[bool]],
    dry_run: bool,
) -> int:
    if dry_run:
        return _count(transaction, table, *conditions)
    return transaction.execute(delete(table).where(*conditions)).rowcount
