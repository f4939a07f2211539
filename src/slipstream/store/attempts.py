"""The history of attempts.

The latest attempt of an instance is the instance's own row. When the instance leaves it, the row
is copied here; so a task that succeeds at once costs no history row at all.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, literal_column, select, text
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable

from slipstream.model.run import TaskInstance
from slipstream.model.states import FINISHED, TaskState
from slipstream.store.database import Transaction
from slipstream.store.records import AttemptRecord
from slipstream.store.rows import ATTEMPT_COLUMNS
from slipstream.store.statements import Rows, RowsStatement, SqlTuple, types_of, upsert
from slipstream.store.tables import attempt, one_of, task_instance
from slipstream.store.times import to_micros
from slipstream.store.write_plan import LEFT_BEHIND

_KEPT = FINISHED | {TaskState.UP_FOR_RESCHEDULE}
"""States that an attempt can end in; when it is left in any other, it has failed."""

_NAMES = [column.name for column in ATTEMPT_COLUMNS]
_HAS_ATTEMPT = text(
    "task_instance.attempt_id IS NOT NULL AND NOT "
    + one_of("task_instance.state", sorted(LEFT_BEHIND))
)
_STATE: ColumnElement[str] = literal_column(
    f"CASE WHEN {one_of('task_instance.state', sorted(_KEPT))} "
    f"THEN task_instance.state ELSE '{TaskState.FAILED.value}' END"
)


def left_attempts() -> Select[tuple[object, ...]]:
    """The history rows of instances that leave their attempts; to be narrowed down."""
    columns = [_STATE if name == "state" else task_instance.c[name] for name in _NAMES]
    return select(*columns).where(_HAS_ATTEMPT)


def archive_left(dialect: Dialect, narrowed: Select[tuple[object, ...]]) -> Executable:
    """The statement that keeps what `left_attempts` selects."""
    return upsert(dialect, attempt, _NAMES, ["attempt_id"]).from_select(_NAMES, narrowed)


def _archive_leaving(rows: Rows) -> Executable:
    return archive_left(
        rows.dialect,
        left_attempts().where(
            task_instance.c.run_pk == rows["run_pk"],
            task_instance.c.task_id == rows["task_id"],
            task_instance.c.map_index == rows["map_index"],
            # An instance that goes back to waiting keeps its attempt's id, and leaves it.
            task_instance.c.attempt_id.is_distinct_from(rows["attempt_id"]),
        ),
    )


_ARCHIVE_LEAVING = RowsStatement(
    _archive_leaving, types_of(attempt, ("run_pk", "task_id", "map_index", "attempt_id"))
)
_ARCHIVE_PAST = RowsStatement(
    lambda rows: rows.put_into(upsert(rows.dialect, attempt, _NAMES, ["attempt_id"])),
    types_of(attempt, _NAMES),
)


def archive_of(transaction: Transaction, leaving: Iterable[TaskInstance]) -> None:
    """Keep the attempts that these instances, given by their new values, leave behind."""
    rows: list[SqlTuple] = [
        (
            instance.run_pk,
            instance.task_id,
            instance.map_index,
            None if instance.state in LEFT_BEHIND else instance.attempt_id,
        )
        for instance in leaving
    ]
    transaction.run_many(_ARCHIVE_LEAVING, rows)


def archive_past(transaction: Transaction, past: Iterable[TaskInstance]) -> None:
    """Keep the attempts of these instances, given as they were in them."""
    rows: list[SqlTuple] = [
        (
            instance.attempt_id,
            instance.run_pk,
            instance.task_id,
            instance.map_index,
            instance.try_number,
            (instance.state if instance.state in _KEPT else TaskState.FAILED).value,
            to_micros(instance.queued_at),
            to_micros(instance.start_date),
            to_micros(instance.end_date),
            instance.hostname,
            instance.pid,
            instance.reason,
        )
        for instance in past
    ]
    transaction.run_many(_ARCHIVE_PAST, rows)


def latest_of_each_try(records: Iterable[AttemptRecord]) -> list[AttemptRecord]:
    """Of attempts in order of time, the last one of every try."""
    by_try = {record.try_number: record for record in records}
    return [by_try[number] for number in sorted(by_try)]
