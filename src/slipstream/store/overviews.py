"""Runs and task instances summed up, for people who look at many of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Select, func, select, text

from slipstream.model.run import DagRun
from slipstream.model.states import RunState, TaskState
from slipstream.store.filters import in_range, one_among, ordering
from slipstream.store.parts import StoreParts
from slipstream.store.records import (
    DagWarning,
    Page,
    PoolSpan,
    Range,
    RunTime,
    TaskSummary,
    Window,
)
from slipstream.store.rows import RUN_COLUMNS, to_run
from slipstream.store.tables import ACTIVE_RUNS, dag, dag_run, dag_task, dag_warning, task_instance
from slipstream.store.times import from_micros, to_micros

_OWNERS = msgspec.json.Decoder(list[str])
_RUN_TIMES = {RunTime.DUE: dag_run.c.run_after, RunTime.ENDED: dag_run.c.end_date}
_WARNING = ("dag_id", "warning_type", "message", "timestamp")
_SUMMED = (
    task_instance.c.run_pk,
    task_instance.c.task_id,
    task_instance.c.state,
    func.count(),
    func.max(task_instance.c.map_index),
    func.max(task_instance.c.try_number),
)
_TIMES = (
    func.min(task_instance.c.queued_at),
    func.min(task_instance.c.start_date),
    func.max(task_instance.c.end_date),
)


class OverviewVerbs(StoreParts):
    """What many runs and instances come to."""

    def newest_runs(
        self, dag_ids: Sequence[str], count: int, until: datetime | None = None
    ) -> Mapping[str, Sequence[DagRun]]:
        """`{dag_id: its last runs that were due by that moment, newest first}`."""
        bound = Range(lte=until)
        with self._database.read() as transaction:
            return {
                dag_id: [to_run(row) for row in transaction.rows(_newest(dag_id, bound, count))]
                for dag_id in dag_ids
            }

    def count_runs(
        self,
        by: RunTime,
        since: datetime,
        step: timedelta,
        *,
        dag_ids: Sequence[str] | None = None,
    ) -> Mapping[datetime, Mapping[RunState, int]]:
        """`{begin of a step: {state: runs}}` of these DAGs (None: all), from that moment on."""
        column = _RUN_TIMES[by]
        begin, width = to_micros(since), step // timedelta(microseconds=1)
        steps = ((column - begin) // width).label("step")
        query = (
            select(steps, dag_run.c.state, func.count())
            .where(*one_among(dag_run.c.dag_id, dag_ids), *in_range(column, Range(gte=since)))
            .group_by(steps, dag_run.c.state)
            .order_by(steps)
        )
        counts: dict[datetime, dict[RunState, int]] = {}
        with self._database.read() as transaction:
            for at, state, count in transaction.rows(query):
                counts.setdefault(since + at * step, {})[RunState(state)] = count
        return counts

    def count_active_runs(self, dag_ids: Sequence[str] | None = None) -> Mapping[RunState, int]:
        """`{state: runs}` of what is queued or runs, of these DAGs (None: all)."""
        query = (
            select(dag_run.c.state, func.count())
            .where(text(ACTIVE_RUNS), *one_among(dag_run.c.dag_id, dag_ids))
            .group_by(dag_run.c.state)
        )
        with self._database.read() as transaction:
            return {RunState(state): count for state, count in transaction.rows(query)}

    def count_runs_by_dag(
        self, dag_ids: Sequence[str] | None = None
    ) -> Mapping[str, Mapping[RunState, int]]:
        """`{dag_id: {state: runs}}` of these DAGs (None: all) as far as they have runs."""
        query = (
            select(dag_run.c.dag_id, dag_run.c.state, func.count())
            .where(*one_among(dag_run.c.dag_id, dag_ids))
            .group_by(dag_run.c.dag_id, dag_run.c.state)
        )
        counts: dict[str, dict[RunState, int]] = {}
        with self._database.read() as transaction:
            for dag_id, state, count in transaction.rows(query):
                counts.setdefault(dag_id, {})[RunState(state)] = count
        return counts

    def list_owners(self, dag_ids: Sequence[str] | None = None) -> Sequence[str]:
        """The owners of these DAGs (None: of all that have a file), in alphabetical order."""
        lists = select(dag.c.owners).where(
            dag.c.is_stale.is_(False), *one_among(dag.c.dag_id, dag_ids)
        )
        with self._database.read() as transaction:
            found = transaction.column(lists.distinct())
        return sorted({owner for owners in found for owner in _OWNERS.decode(owners)})

    def list_dag_warnings(
        self,
        dag_id: str | None,
        warning_type: str | None,
        window: Window,
        *,
        dag_ids: Sequence[str] | None = None,
    ) -> Page[DagWarning]:
        """A page of what is wrong with DAGs that run all the same."""
        columns = [dag_warning.c[name] for name in _WARNING]
        conditions = [
            *one_among(dag_warning.c.dag_id, None if dag_id is None else [dag_id]),
            *one_among(dag_warning.c.dag_id, dag_ids),
            *one_among(
                dag_warning.c.warning_type, None if warning_type is None else [warning_type]
            ),
        ]
        orders = {column.name: column for column in columns}
        page = select(*columns).where(*conditions)
        page = page.order_by(*ordering(window, orders, dag_warning.c.dag_id))
        total = select(func.count()).select_from(dag_warning).where(*conditions)
        with self._database.read() as transaction:
            rows = transaction.rows(page.limit(window.limit).offset(window.offset))
            found = [
                DagWarning(dag_id=dag, warning_type=kind, message=text, timestamp=from_micros(at))
                for dag, kind, text, at in rows
            ]
            return Page(found, transaction.value(total))

    def task_summaries(
        self, run_pks: Sequence[int], *, with_times: bool = True
    ) -> Sequence[TaskSummary]:
        """The instances of these runs, summed up by run, task and state; where only that is asked
        for, without their times."""
        query = (
            select(*_SUMMED, *(_TIMES if with_times else ()))
            .where(task_instance.c.run_pk.in_(run_pks))
            .group_by(task_instance.c.run_pk, task_instance.c.task_id, task_instance.c.state)
        )
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        return [
            TaskSummary(
                run_pk=run_pk,
                task_id=task_id,
                state=TaskState(state),
                count=count,
                is_mapped=highest >= 0,
                try_number=tries,
                queued_at=from_micros(times[0]) if times else None,
                start_date=from_micros(times[1]) if times else None,
                end_date=from_micros(times[2]) if times else None,
            )
            for run_pk, task_id, state, count, highest, tries, *times in rows
        ]

    def pool_spans(self, pool: str, since: datetime) -> Sequence[PoolSpan]:
        """When instances that began after that moment have taken slots of the pool."""
        of_version = (dag_task.c.version_id == dag_run.c.version_id) & (
            dag_task.c.task_id == task_instance.c.task_id
        )
        query = (
            select(dag_task.c.pool_slots, task_instance.c.start_date, task_instance.c.end_date)
            .select_from(
                task_instance.join(dag_run, task_instance.c.run_pk == dag_run.c.pk).join(
                    dag_task, of_version
                )
            )
            .where(
                dag_task.c.pool == pool,
                *in_range(task_instance.c.start_date, Range(gte=since)),
            )
            .order_by(task_instance.c.start_date)
        )
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        return [PoolSpan(slots, from_micros(start), from_micros(end)) for slots, start, end in rows]


def _newest(dag_id: str, due: Range, count: int) -> Select[Any]:
    return (
        select(*RUN_COLUMNS)
        .where(dag_run.c.dag_id == dag_id, *in_range(dag_run.c.run_after, due))
        .order_by(dag_run.c.run_after.desc(), dag_run.c.pk.desc())
        .limit(count)
    )
