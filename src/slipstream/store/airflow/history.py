"""Runs and task instances of an Airflow database, batch by batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection

from slipstream.model.ids import new_uuid7
from slipstream.model.run import DagRun, TaskInstance
from slipstream.store.airflow.connect import SourceError
from slipstream.store.airflow.values import (
    conf_of,
    moment,
    run_state,
    run_type,
    task_state,
    triggered_by,
)
from slipstream.store.imported import ImportedRun
from slipstream.store.records import AttemptRecord

_RUN_REASON = "Brought over from Airflow."
_Rows = Mapping[int, Sequence[Any]]


class HistoryReader:
    """Reads runs in the order of their numbers, each with its instances."""

    def __init__(self, connection: Connection, columns: Callable[[str], frozenset[str]]) -> None:
        """`columns` gives the names of a table's columns: releases differ."""
        self._connection = connection
        self._columns = columns
        self._runs = _run_query(columns("dag_run"), columns("dag_run_note"))
        self._instances = _instance_query(columns("task_instance"), columns("task_instance_note"))
        self._former = _former_query(columns("task_instance_history"))

    def batches(self, size: int, since: str | None) -> Iterator[list[ImportedRun]]:
        """At most `size` runs at a time. Raises `SourceError` for a `since` that is no time."""
        last = 0
        earliest = _since(since)
        while True:
            found = self._connection.execute(text(self._runs), {"last": last, "size": size}).all()
            if not found:
                return
            last = found[-1].id
            kept = [
                row
                for row in found
                if earliest is None or (moment(row.start_date) or earliest) >= earliest
            ]
            if kept:
                yield self._whole(kept)

    def _whole(self, found: Sequence[Any]) -> list[ImportedRun]:
        numbers = [row.id for row in found]
        instances = self._of_runs(self._instances, numbers)
        former = self._of_runs(self._former, numbers) if self._former else {}
        return [
            ImportedRun(
                run=_run(row),
                instances=[_instance(one) for one in instances.get(row.id, ())],
                attempts=[_attempt(one) for one in former.get(row.id, ())],
            )
            for row in found
        ]

    def _of_runs(self, query: str, numbers: Sequence[int]) -> _Rows:
        """`{number of the run: rows}`."""
        statement = text(query).bindparams(bindparam("numbers", expanding=True))
        found: defaultdict[int, list[Any]] = defaultdict(list)
        for row in self._connection.execute(statement, {"numbers": list(numbers)}):
            found[row.run_number].append(row)
        return found


def _since(since: str | None) -> Any:
    try:
        return moment(since)
    except ValueError:
        raise SourceError(f"{since!r} is no time; expected ISO 8601, such as 2026-01-31.") from None


def _named(columns: frozenset[str], *names: str, table: str) -> str:
    """The columns, NULL for those that this release does not have."""
    return ", ".join(f"{table}.{name}" if name in columns else f"NULL AS {name}" for name in names)


def _run_query(columns: frozenset[str], notes: frozenset[str]) -> str:
    logical = "logical_date" if "logical_date" in columns else "execution_date"
    note = ", n.content AS note" if notes else ", NULL AS note"
    join = "LEFT JOIN dag_run_note n ON n.dag_run_id = r.id " if notes else ""
    optional = _named(
        columns,
        "data_interval_start",
        "data_interval_end",
        "queued_at",
        "run_after",
        "triggered_by",
        "triggering_user_name",
        table="r",
    )
    return (
        f"SELECT r.id, r.dag_id, r.run_id, r.run_type, r.state, r.{logical} AS logical_date, "
        f"r.start_date, r.end_date, r.conf, {optional}{note} FROM dag_run r {join}"
        "WHERE r.id > :last AND r.state IN ('success', 'failed') ORDER BY r.id LIMIT :size"
    )


def _instance_query(columns: frozenset[str], notes: frozenset[str]) -> str:
    join, note = "", "NULL AS note"
    if "ti_id" in notes:
        join, note = "LEFT JOIN task_instance_note n ON n.ti_id = t.id ", "n.content AS note"
    elif notes:
        join = (
            "LEFT JOIN task_instance_note n ON n.dag_id = t.dag_id AND n.task_id = t.task_id "
            "AND n.run_id = t.run_id AND n.map_index = t.map_index "
        )
        note = "n.content AS note"
    return _of_run("task_instance", columns, f", {note}", join)


def _former_query(columns: frozenset[str]) -> str | None:
    return _of_run("task_instance_history", columns, "", "") if "run_id" in columns else None


def _of_run(table: str, columns: frozenset[str], more: str, join: str) -> str:
    optional = _named(
        columns,
        "map_index",
        "max_tries",
        "hostname",
        "pid",
        "scheduled_dttm",
        "queued_dttm",
        "rendered_map_index",
        table="t",
    )
    return (
        "SELECT r.id AS run_number, t.task_id, t.state, t.try_number, t.start_date, t.end_date, "
        f"{optional}{more} FROM {table} t "
        f"JOIN dag_run r ON r.dag_id = t.dag_id AND r.run_id = t.run_id {join}"
        "WHERE r.id IN :numbers"
    )


def _run(row: Any) -> DagRun:
    kind = run_type(row.run_type)
    logical_date = moment(row.logical_date)
    end_of_interval = moment(row.data_interval_end)
    conf, is_whole = conf_of(row.conf)
    run_after = moment(row.run_after) or end_of_interval or logical_date or moment(row.start_date)
    if run_after is None:
        raise SourceError(f"Run {row.run_id!r} of DAG {row.dag_id!r} has no times at all.")
    return DagRun(
        pk=0,
        dag_id=row.dag_id,
        run_id=row.run_id,
        run_type=kind,
        state=run_state(row.state),
        version_id="",
        run_after=run_after,
        logical_date=logical_date,
        data_interval_start=moment(row.data_interval_start),
        data_interval_end=end_of_interval,
        queued_at=moment(row.queued_at),
        start_date=moment(row.start_date),
        end_date=moment(row.end_date),
        triggered_by=triggered_by(row.triggered_by, kind),
        triggering_user=row.triggering_user_name,
        conf=conf,
        note=row.note,
        reason=_RUN_REASON if is_whole else f"{_RUN_REASON} Its conf could not be read.",
    )


def _instance(row: Any) -> TaskInstance:
    state, reason = task_state(row.state)
    tries = max(0, row.try_number or 0)
    return TaskInstance(
        run_pk=0,
        task_id=row.task_id,
        map_index=_map_index(row),
        state=state,
        try_number=tries,
        max_tries=max(0, row.max_tries or 0),
        attempt_id=new_uuid7() if tries else None,
        scheduled_at=moment(row.scheduled_dttm),
        queued_at=moment(row.queued_dttm),
        start_date=moment(row.start_date),
        end_date=moment(row.end_date),
        hostname=row.hostname or "",
        pid=row.pid,
        rendered_map_index=row.rendered_map_index,
        note=row.note,
        reason=reason,
    )


def _attempt(row: Any) -> AttemptRecord:
    state, reason = task_state(row.state)
    return AttemptRecord(
        attempt_id=new_uuid7(),
        run_pk=0,
        task_id=row.task_id,
        map_index=_map_index(row),
        try_number=max(1, row.try_number or 1),
        state=state,
        queued_at=moment(row.queued_dttm),
        start_date=moment(row.start_date),
        end_date=moment(row.end_date),
        hostname=row.hostname or "",
        pid=row.pid,
        reason=reason,
    )


def _map_index(row: Any) -> int:
    return -1 if row.map_index is None else max(-1, row.map_index)
