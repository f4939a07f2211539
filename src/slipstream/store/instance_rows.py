"""Task instances as rows: the statements that write one, and the rows that they take."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, update

from slipstream.model.run import TaskInstance
from slipstream.store.statements import SqlTuple, Statement
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

_this_instance = (
    task_instance.c.run_pk == bindparam("b_run_pk"),
    task_instance.c.task_id == bindparam("b_task_id"),
    task_instance.c.map_index == bindparam("b_map_index"),
)
INSERT_INSTANCE = Statement(insert(task_instance), _KEY + _VALUES)
UPDATE_INSTANCE = Statement(
    update(task_instance)
    .where(*_this_instance)
    .ordered_values(*[(task_instance.c[name], bindparam(name)) for name in _VALUES]),
    (*_VALUES, "b_run_pk", "b_task_id", "b_map_index"),
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
