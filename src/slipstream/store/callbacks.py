"""Callbacks that are owed: written with what they tell of, removed when they have been called."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select

from slipstream.model.changes import CallbackOwed
from slipstream.model.run import DagRun, TaskInstance
from slipstream.store.deadline_records import DeadlineRecord
from slipstream.store.deadline_tables import deadline
from slipstream.store.parts import StoreParts
from slipstream.store.records import (
    OwedCallback,
)
from slipstream.store.rows import RUN_COLUMNS, to_run
from slipstream.store.statements import RowsStatement, SqlTuple, types_of
from slipstream.store.tables import dag_run, owed_callback
from slipstream.store.times import from_micros

_VALUES = (
    "run_pk",
    "succeeded",
    "reason",
    "task_id",
    "map_index",
    "attempt_id",
    "try_number",
    "max_tries",
)
_COLUMNS = ("pk", "succeeded", "reason", "task_id", "map_index", "attempt_id", "try_number")
_AT_ONCE = 200

INSERT_OWED = RowsStatement(
    lambda rows: rows.put_into(insert(owed_callback)), types_of(owed_callback, _VALUES)
)


def owed_row(run_pk: int, owed: CallbackOwed) -> SqlTuple:
    """The parameters of `INSERT_OWED`."""
    found = owed.instance
    if found is None:
        return (run_pk, owed.succeeded, owed.reason, None, None, None, None, None)
    attempt = (found.task_id, found.map_index, found.attempt_id, found.try_number, found.max_tries)
    return (run_pk, owed.succeeded, owed.reason, *attempt)


class CallbackVerbs(StoreParts):
    """What is owed to people's callbacks."""

    def owed_callbacks(self, after: int = 0) -> Sequence[OwedCallback]:
        """The oldest callbacks that are still to be called, of those with a higher number."""
        own = [owed_callback.c[name] for name in (*_COLUMNS, "max_tries")]
        own += [deadline.c[name] for name in ("pk", "position", "name", "due_at")]
        query = (
            select(*own, *RUN_COLUMNS)
            .join(dag_run, dag_run.c.pk == owed_callback.c.run_pk)
            .join(deadline, deadline.c.pk == owed_callback.c.deadline_pk, isouter=True)
            .where(owed_callback.c.pk > after)
            .order_by(owed_callback.c.pk)
            .limit(_AT_ONCE)
        )
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        return [_owed(tuple(row)) for row in rows]

    def callback_called(self, pk: int) -> None:
        """It has been called, well or not."""
        with self._database.write() as transaction:
            transaction.execute(delete(owed_callback).where(owed_callback.c.pk == pk))


def _owed(row: tuple[object, ...]) -> OwedCallback:
    number = len(_COLUMNS) + 1
    pk, succeeded, reason, task_id, map_index, attempt_id, try_number, max_tries = row[:number]
    of_deadline, run = row[number : number + 4], to_run(row[number + 4 :])
    instance = None
    if task_id is not None:
        instance = TaskInstance(
            run_pk=run.pk,
            task_id=str(task_id),
            map_index=int(str(map_index)),
            attempt_id=None if attempt_id is None else str(attempt_id),
            try_number=int(str(try_number)),
            max_tries=int(str(max_tries)),
        )
    return OwedCallback(
        pk=int(str(pk)),
        run=run,
        succeeded=bool(succeeded),
        reason=str(reason),
        instance=instance,
        deadline=_deadline(run, of_deadline),
    )


def _deadline(run: DagRun, row: tuple[object, ...]) -> DeadlineRecord | None:
    number, position, name, due_at = row
    if number is None:
        return None
    return DeadlineRecord(
        number=int(str(number)),
        run_pk=run.pk,
        dag_id=run.dag_id,
        run_id=run.run_id,
        position=int(str(position)),
        name=None if name is None else str(name),
        due_at=from_micros(int(str(due_at))),
    )
