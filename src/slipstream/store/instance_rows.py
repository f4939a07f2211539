"""Task instances as rows: the statements that write one, and the rows that they take."""

from __future__ import annotations

from sqlalchemy import Update, insert, update

from slipstream.model.run import TaskInstance
from slipstream.store.statements import Rows, RowsStatement, SqlTuple, types_of
from slipstream.store.tables import task_instance
from slipstream.store.times import to_micros

_KEY = ("run_pk", "task_id", "map_index")
_VALUES = (
    "state",
    "try_number",
    "max_tries",
    "attempt_id",
    "losses",
    "reschedules",
    "not_before",
    "scheduled_at",
    "queued_at",
    "start_date",
    "end_date",
    "hostname",
    "pid",
    "rendered_map_index",
    "reason",
)
"""What the scheduler decides of an instance; its note is people's."""


def _update(rows: Rows) -> Update:
    return (
        update(task_instance)
        .where(
            task_instance.c.run_pk == rows["b_run_pk"],
            task_instance.c.task_id == rows["b_task_id"],
            task_instance.c.map_index == rows["b_map_index"],
        )
        .ordered_values(*[(task_instance.c[name], rows[name]) for name in _VALUES])
    )


INSERT_INSTANCE = RowsStatement(
    lambda rows: rows.put_into(insert(task_instance)), types_of(task_instance, _KEY + _VALUES)
)
UPDATE_INSTANCE = RowsStatement(
    _update, types_of(task_instance, (*_VALUES, "b_run_pk", "b_task_id", "b_map_index"))
)


def insert_row(instance: TaskInstance) -> SqlTuple:
    """The parameters of `INSERT_INSTANCE`."""
    return (instance.run_pk, instance.task_id, instance.map_index, *_values(instance))


def update_row(instance: TaskInstance) -> SqlTuple:
    """The parameters of `UPDATE_INSTANCE`."""
    return (*_values(instance), instance.run_pk, instance.task_id, instance.map_index)


def _values(instance: TaskInstance) -> tuple[int | str | None, ...]:
    return (
        instance.state.value,
        instance.try_number,
        instance.max_tries,
        instance.attempt_id,
        instance.losses,
        instance.reschedules,
        to_micros(instance.not_before),
        to_micros(instance.scheduled_at),
        to_micros(instance.queued_at),
        to_micros(instance.start_date),
        to_micros(instance.end_date),
        instance.hostname,
        instance.pid,
        instance.rendered_map_index,
        instance.reason,
    )
