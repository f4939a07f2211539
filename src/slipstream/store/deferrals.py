"""Deferrals as rows: what task instances wait on. Arguments and events are sealed, as secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, select, tuple_

from slipstream.model.deferral import Deferral
from slipstream.model.run import TaskKey
from slipstream.store.crypto import SecretBox
from slipstream.store.database import Row, Transaction
from slipstream.store.parts import StoreParts
from slipstream.store.records import DeferralRecord, InstanceInRun
from slipstream.store.statements import RowsStatement, SqlTuple, Statement, types_of, upsert
from slipstream.store.tables import deferral
from slipstream.store.times import from_micros, to_micros

_KEY = ("run_pk", "task_id", "map_index")
_VALUES = (
    "attempt_id",
    "classpath",
    "kwargs",
    "created_at",
    "timeout_at",
    "queue",
    "next_method",
    "next_kwargs",
    "event",
)
_COLUMNS = [deferral.c[name] for name in ("task_id", "map_index", *_VALUES)]
_AT_ONCE = 200

_KEEP = RowsStatement(
    lambda rows: rows.put_into(upsert(rows.dialect, deferral, _KEY + _VALUES, _KEY)),
    types_of(deferral, _KEY + _VALUES),
)
_DROP = RowsStatement(
    lambda rows: delete(deferral).where(
        deferral.c.run_pk == rows["b_run_pk"],
        deferral.c.task_id == rows["b_task_id"],
        deferral.c.map_index == rows["b_map_index"],
    ),
    types_of(deferral, ("b_run_pk", "b_task_id", "b_map_index")),
)
_OF_RUN = Statement(select(*_COLUMNS).where(deferral.c.run_pk == bindparam("run_pk")), ("run_pk",))


def sealed_row(box: SecretBox, run_pk: int, key: TaskKey, kept: Deferral) -> SqlTuple:
    """A deferral as it is written."""
    return (
        run_pk,
        key.task_id,
        key.map_index,
        kept.attempt_id,
        kept.classpath,
        box.seal(kept.kwargs),
        to_micros(kept.created_at),
        to_micros(kept.timeout_at),
        kept.queue,
        kept.next_method,
        box.seal(kept.next_kwargs),
        None if kept.event is None else box.seal(kept.event),
    )


def write_deferrals(
    transaction: Transaction, kept: Sequence[SqlTuple], dropped: Sequence[tuple[int, TaskKey]]
) -> None:
    """Keep these rows, and drop those of these instances."""
    transaction.run_many(_DROP, [(run_pk, *key) for run_pk, key in dropped])
    transaction.run_many(_KEEP, kept)


def read_deferrals(
    transaction: Transaction, box: SecretBox, run_pk: int
) -> Mapping[TaskKey, Deferral]:
    """How the run's instances wait, or have waited in this try."""
    rows = transaction.fetch(_OF_RUN, (run_pk,))
    return {TaskKey(row[0], row[1]): _opened(box, row[2:]) for row in rows}


class DeferralVerbs(StoreParts):
    """Deferrals, for people."""

    def deferrals_of(
        self, instances: Sequence[InstanceInRun]
    ) -> Mapping[tuple[int, TaskKey], DeferralRecord]:
        """`{(run number, instance): deferral}` of those that wait, or have waited in this try."""
        found: dict[tuple[int, TaskKey], DeferralRecord] = {}
        keys = [(entry.run.pk, *entry.instance.key) for entry in instances]
        with self._database.read() as transaction:
            for start in range(0, len(keys), _AT_ONCE):
                some = tuple_(deferral.c.run_pk, deferral.c.task_id, deferral.c.map_index).in_(
                    keys[start : start + _AT_ONCE]
                )
                query = select(deferral.c.pk, deferral.c.run_pk, *_COLUMNS).where(some)
                for number, run_pk, task_id, map_index, *values in transaction.rows(query):
                    kept = _opened(self._box, tuple(values))
                    found[run_pk, TaskKey(task_id, map_index)] = DeferralRecord(number, kept)
        return found


def _opened(box: SecretBox, values: Row) -> Deferral:
    (
        attempt_id,
        classpath,
        kwargs,
        created_at,
        timeout_at,
        queue,
        next_method,
        next_kwargs,
        event,
    ) = values
    return Deferral(
        attempt_id=attempt_id,
        classpath=classpath,
        kwargs=box.open(kwargs),
        created_at=from_micros(created_at),
        timeout_at=from_micros(timeout_at),
        queue=queue,
        next_method=next_method,
        next_kwargs=box.open(next_kwargs),
        event=None if event is None else box.open(event),
    )
