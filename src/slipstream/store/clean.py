"""Throwing away what is over: old runs and what hangs on them, versions and objects unused."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, select

from slipstream.model.errors import InvalidInputError
from slipstream.model.states import RUN_FINISHED, RunType
from slipstream.store.archives import Archives
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
_MOST_AT_ONCE = 10_000
"""A statement can have only so many parameters."""
_OBJECT = "xcom_object"
_UNCOMMITTED = timedelta(hours=1)
"""How old an object without a reference must be: one is written ahead of what refers to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What is to be removed."""

    before: datetime
    dag_ids: Collection[str] = ()
    """Only what belongs to these DAGs; none named are all."""
    exclude_dag_ids: Collection[str] = ()
    at_once: int = _RUNS_AT_ONCE
    """At most so many runs, or rows of other tables, in one transaction."""
    archives: Archives | None = None
    """Keeps what is removed; None keeps nothing."""
    dry_run: bool = False

    @property
    def is_of_some_dags(self) -> bool:
        """Whether only some DAGs are meant: then what belongs to none stays."""
        return bool(self.dag_ids or self.exclude_dag_ids)

    def of_dags(self, column: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        """The conditions that say which DAGs."""
        conditions: list[ColumnElement[bool]] = []
        if self.dag_ids:
            conditions.append(column.in_([*self.dag_ids]))
        if self.exclude_dag_ids:
            conditions.append(column.not_in([*self.exclude_dag_ids]))
        return conditions


class CleanVerbs(StoreParts):
    """Removal of history."""

    def clean(
        self,
        before: datetime,
        *,
        tables: Sequence[str] | None,
        dry_run: bool,
        dag_ids: Collection[str] = (),
        exclude_dag_ids: Collection[str] = (),
        batch_size: int | None = None,
        archive: bool = False,
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
        removal = Removal(
            before=before,
            dag_ids=dag_ids,
            exclude_dag_ids=exclude_dag_ids,
            at_once=min(batch_size or _RUNS_AT_ONCE, _MOST_AT_ONCE),
            archives=Archives(self._clock()) if archive else None,
            dry_run=dry_run,
        )
        of_runs = {table.name for table in _OF_RUNS}
        counts: dict[str, int] = {}
        # What goes with its run is not there any more; a dry run does not count it twice.
        for name, clean in steps.items():
            if name in wanted and not (dry_run and name in of_runs and dag_run.name in wanted):
                for table, rows in clean(removal).items():
                    counts[table] = counts.get(table, 0) + rows
        return counts

    def _steps(self) -> Mapping[str, Callable[[Removal], Mapping[str, int]]]:
        """`{table: what cleans it}`, in an order in which each leaves the next one its work."""
        of_runs = {table.name: partial(self._clean_of_runs, table) for table in _OF_RUNS}
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

    def _clean_runs(self, removal: Removal) -> Mapping[str, int]:
        counts = dict.fromkeys([dag_run.name, *(table.name for table in _OF_RUNS)], 0)
        for some in self._ended_runs(removal):
            # Whoever has been cleared in the meantime has no end any more, and stays.
            ended = [dag_run.c.pk.in_(some), *_ended(removal)]
            with self._database.write() as transaction:
                for table in _OF_RUNS:
                    theirs = table.c.run_pk.in_(select(dag_run.c.pk).where(*ended))
                    if removal.archives is not None and not removal.dry_run:
                        removal.archives.keep(transaction, table, [theirs])
                    counts[table.name] += _count(transaction, table, theirs)
                counts[dag_run.name] += _remove(transaction, dag_run, ended, removal)
        return counts

    def _clean_of_runs(self, table: Table, removal: Removal) -> Mapping[str, int]:
        count = 0
        for some in self._ended_runs(removal):
            ended = select(dag_run.c.pk).where(dag_run.c.pk.in_(some), *_ended(removal))
            with self._database.write() as transaction:
                count += _remove(transaction, table, [table.c.run_pk.in_(ended)], removal)
        return {table.name: count}

    def _ended_runs(self, removal: Removal) -> Iterator[Sequence[Any]]:
        """Runs to be removed, some at a time."""
        with self._database.read() as transaction:
            run_pks = transaction.column(select(dag_run.c.pk).where(*_ended(removal)))
        for start in range(0, len(run_pks), removal.at_once):
            yield run_pks[start : start + removal.at_once]

    def _clean_versions(self, removal: Removal) -> Mapping[str, int]:
        conditions = [
            dag_version.c.created_at < to_micros(removal.before),
            dag_version.c.version_id.not_in(select(dag.c.latest_version_id)),
            dag_version.c.version_id.not_in(select(dag_run.c.version_id)),
            *removal.of_dags(dag_version.c.dag_id),
        ]
        return self._in_parts(dag_version, dag_version.c.version_id, conditions, removal)

    def _clean_sources(self, removal: Removal) -> Mapping[str, int]:
        """Those of versions that are gone, whosesoever they were."""
        unused = dag_source.c.source_hash.not_in(select(dag_version.c.source_hash))
        unused_text = source_text.c.text_hash.not_in(select(dag_source.c.text_hash))
        with self._database.write() as transaction:
            return {
                dag_source.name: _remove(transaction, dag_source, [unused], removal),
                source_text.name: _remove(transaction, source_text, [unused_text], removal),
            }

    def _clean_asset_events(self, removal: Removal) -> Mapping[str, int]:
        """Those of runs that are there stay, and so do those that still wait for a partition."""
        old = [
            asset_event.c.timestamp < to_micros(removal.before),
            asset_event.c.pk.not_in(select(run_asset_event.c.event_pk)),
            asset_event.c.pk.not_in(select(partition_queue.c.event_pk)),
            *removal.of_dags(asset_event.c.source_dag_id),
        ]
        return self._in_parts(asset_event, asset_event.c.pk, old, removal)

    def _clean_jobs(self, removal: Removal) -> Mapping[str, int]:
        if removal.is_of_some_dags:
            return {}
        return self._in_parts(job, job.c.pk, [job.c.latest < to_micros(removal.before)], removal)

    def _clean_event_log(self, removal: Removal) -> Mapping[str, int]:
        old = [
            event_log.c.when < to_micros(removal.before),
            *removal.of_dags(event_log.c.dag_id),
        ]
        return self._in_parts(event_log, event_log.c.pk, old, removal)

    def _in_parts(
        self,
        table: Table,
        key: ColumnElement[Any],
        conditions: Sequence[ColumnElement[bool]],
        removal: Removal,
    ) -> Mapping[str, int]:
        with self._database.read() as transaction:
            found = transaction.column(select(key).where(*conditions))
        if removal.dry_run:
            return {table.name: len(found)}
        count = 0
        for start in range(0, len(found), removal.at_once):
            some = key.in_(found[start : start + removal.at_once])
            with self._database.write() as transaction:
                count += _remove(transaction, table, [some, *conditions], removal)
        return {table.name: count}

    def _clean_objects(self, removal: Removal) -> Mapping[str, int]:
        oldest_kept = self._clock() - _UNCOMMITTED
        with self._database.read() as transaction:
            used = set(transaction.column(select(xcom.c.value).where(xcom.c.is_reference)))
        unused = [
            name
            for name, written_at in self._objects.names()
            if name not in used and written_at < oldest_kept
        ]
        for name in () if removal.dry_run else unused:
            self._objects.remove(name)
        return {_OBJECT: len(unused)}


def _ended(removal: Removal) -> list[ColumnElement[bool]]:
    newest = dag_run.alias("newest")
    by_timetable = (RunType.SCHEDULED.value, RunType.BACKFILL.value)
    last_scheduled = (
        select(func.max(newest.c.run_after))
        .where(newest.c.dag_id == dag_run.c.dag_id, newest.c.run_type.in_(by_timetable))
        .scalar_subquery()
    )
    return [
        dag_run.c.state.in_([state.value for state in RUN_FINISHED]),
        dag_run.c.end_date < to_micros(removal.before),
        *removal.of_dags(dag_run.c.dag_id),
        dag_run.c.run_type.not_in(by_timetable) | (dag_run.c.run_after < last_scheduled),
    ]


def _count(transaction: Transaction, table: Table, *conditions: ColumnElement[bool]) -> int:
    found: Any = transaction.value(select(func.count()).select_from(table).where(*conditions))
    return int(found)


def _remove(
    transaction: Transaction,
    table: Table,
    conditions: Sequence[ColumnElement[bool]],
    removal: Removal,
) -> int:
    if removal.dry_run:
        return _count(transaction, table, *conditions)
    if removal.archives is not None:
        removal.archives.keep(transaction, table, conditions)
    return transaction.execute(delete(table).where(*conditions)).rowcount
