"""The audit log as rows: who did what, when, from where, to which object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from datetime import datetime
from typing import Any, Self

from sqlalchemy import ColumnElement, Select, func, insert, select
from sqlalchemy.engine import Dialect

from slipstream.model.errors import NotFoundError
from slipstream.store.audit_entry import AuditEntry
from slipstream.store.database import Database, Row, Transaction
from slipstream.store.event_records import Door, EventFilter, EventRecord, NewEvent
from slipstream.store.filters import like, ordering
from slipstream.store.leases import Holder, Lease
from slipstream.store.parts import StoreParts
from slipstream.store.people_tables import event_log as log
from slipstream.store.records import Page, Window
from slipstream.store.rows import from_json_object, to_json
from slipstream.store.statements import Statement
from slipstream.store.tables import dag_run
from slipstream.store.times import Clock, from_micros, to_micros
from slipstream.store.wakeups import Hear, Topic

_COLUMNS = tuple(log.c)
_ORDERS = {column.name: column for column in _COLUMNS}
_ORDERS |= {"id": log.c.pk, "logical_date": dag_run.c.logical_date}
_ADD = Statement(
    insert(log).returning(log.c.pk),
    (
        "when",
        "event",
        "owner",
        "door",
        "address",
        "dag_id",
        "run_id",
        "task_id",
        "map_index",
        "try_number",
        "details",
    ),
)
_SAME_RUN = (dag_run.c.dag_id == log.c.dag_id) & (dag_run.c.run_id == log.c.run_id)


class AuditedDatabase(Database):
    """A database on which nothing is changed for somebody without saying so."""

    def __init__(self, database: Database, entry: AuditEntry, clock: Clock) -> None:
        self._database = database
        self._entry = entry
        self._clock = clock

    @property
    def dialect(self) -> Dialect:
        """SQLAlchemy's dialect."""
        return self._database.dialect

    def read(self) -> AbstractContextManager[Transaction]:
        """See `Database`."""
        return self._database.read()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that ends with what is still to be said of it."""
        before = self._entry.told
        try:
            with self._database.write() as transaction:
                yield transaction
                what = self._entry.take()
                if what is not None:
                    _put(transaction, what, self._clock())
        except BaseException:
            self._entry.told = before
            raise

    def lock_runs(self, transaction: Transaction, run_pks: Sequence[int]) -> Mapping[int, int]:
        """See `Database`."""
        return self._database.lock_runs(transaction, run_pks)

    def lock_assets(self, transaction: Transaction) -> None:
        """See `Database`."""
        self._database.lock_assets(transaction)

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """See `Database`."""
        return self._database.listen(wake, topic)

    def tell_others(self, text: str) -> None:
        """See `Database`."""
        self._database.tell_others(text)

    def hear_others(self, hear: Hear) -> Callable[[], None]:
        """See `Database`."""
        return self._database.hear_others(hear)

    def lease(self, name: str, holder: Holder) -> Lease | None:
        """See `Database`."""
        return self._database.lease(name, holder)

    def under(self, name: str, epoch: int) -> Database:
        """See `Database`."""
        return AuditedDatabase(self._database.under(name, epoch), self._entry, self._clock)

    def setup_lock(self) -> AbstractContextManager[None]:
        """See `Database`."""
        return self._database.setup_lock()

    def close(self) -> None:
        """See `Database`."""
        self._database.close()


class EventLogVerbs(StoreParts):
    """What people have done."""

    def log_event(self, what: NewEvent) -> int:
        """Keep an entry; gives its number."""
        with self._database.write() as transaction:
            return _put(transaction, what, self._clock())

    def on_behalf(self, entry: AuditEntry) -> Self:
        """The same store, in which the first thing that is changed is written together with the
        entry, and the two of them or nothing. It needs no closing."""
        bound = copy(self)
        bound._database = AuditedDatabase(self._database, entry, self._clock)
        return bound

    def get_event(self, pk: int) -> EventRecord:
        """Raises `NotFoundError`."""
        with self._database.read() as transaction:
            rows = transaction.rows(_query().where(log.c.pk == pk))
        if not rows:
            raise NotFoundError(f"The Event Log with id: `{pk}` not found")
        return _to_record(tuple(rows[0]))

    def list_events(self, which: EventFilter, window: Window) -> Page[EventRecord]:
        """A page of entries, by default in the order in which they were made."""
        conditions = _conditions(which)
        page = _query().where(*conditions).order_by(*ordering(window, _ORDERS, log.c.pk))
        total = select(func.count()).select_from(log).where(*conditions)
        with self._database.read() as transaction:
            rows = transaction.rows(page.limit(window.limit).offset(window.offset))
            return Page([_to_record(tuple(row)) for row in rows], transaction.value(total))


def _put(transaction: Transaction, what: NewEvent, now: datetime) -> int:
    row = (
        to_micros(now),
        what.event,
        what.owner,
        what.door.value,
        what.address,
        what.dag_id,
        what.run_id,
        what.task_id,
        what.map_index,
        what.try_number,
        to_json(dict(what.details)),
    )
    return int(transaction.fetch(_ADD, row)[0][0])


def _query() -> Select[Any]:
    joined = log.join(dag_run, _SAME_RUN, isouter=True)
    return select(*_COLUMNS, dag_run.c.logical_date).select_from(joined)


def _conditions(which: EventFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for name in ("dag_id", "run_id", "task_id", "map_index", "try_number", "owner", "event"):
        value = getattr(which, name)
        if value is not None:
            conditions.append(log.c[name] == value)
    if which.dag_ids is not None:
        conditions.append(log.c.dag_id.is_(None) | log.c.dag_id.in_(which.dag_ids))
    for name in ("dag_id", "run_id", "task_id", "owner", "event"):
        conditions += like(log.c[name], getattr(which, f"{name}_pattern"))
    if which.included_events:
        conditions.append(log.c.event.in_(list(which.included_events)))
    if which.excluded_events:
        conditions.append(log.c.event.not_in(list(which.excluded_events)))
    if which.before is not None:
        conditions.append(log.c.when <= to_micros(which.before))
    if which.after is not None:
        conditions.append(log.c.when >= to_micros(which.after))
    return conditions


def _to_record(row: Row) -> EventRecord:
    values = dict(zip((column.name for column in _COLUMNS), row[:-1], strict=True))
    pk, when, door, details = (values.pop(name) for name in ("pk", "when", "door", "details"))
    what = NewEvent(**values, door=Door(door), details=from_json_object(details))
    return EventRecord(pk=pk, when=from_micros(when), what=what, logical_date=from_micros(row[-1]))
