"""Values between tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, select

from slipstream.model.attempt import XComWrite
from slipstream.model.run import TaskKey
from slipstream.store.database import Row, Transaction
from slipstream.store.errors import AttemptSupersededError
from slipstream.store.filters import in_range, like, one_among, ordering
from slipstream.store.parts import StoreParts
from slipstream.store.records import Page, Window, XComFilter, XComItem, XComRecord
from slipstream.store.runs import counting_instance
from slipstream.store.statements import Statement
from slipstream.store.tables import dag, dag_run, xcom
from slipstream.store.times import from_micros, to_micros
from slipstream.store.xcom_rows import WRITE_XCOM, xcom_row

_COLUMNS = (
    xcom.c.run_pk,
    dag_run.c.dag_id,
    dag_run.c.run_id,
    xcom.c.task_id,
    xcom.c.map_index,
    xcom.c.key,
    xcom.c.value,
    xcom.c.is_reference,
    xcom.c.timestamp,
)
_JOINED = xcom.join(dag_run, xcom.c.run_pk == dag_run.c.pk)
_ONE = Statement(
    select(*_COLUMNS)
    .select_from(_JOINED)
    .where(
        dag_run.c.dag_id == bindparam("dag_id"),
        dag_run.c.run_id == bindparam("run_id"),
        xcom.c.task_id == bindparam("task_id"),
        xcom.c.key == bindparam("key"),
        xcom.c.map_index == bindparam("map_index"),
    ),
    ("dag_id", "run_id", "task_id", "key", "map_index"),
)
"""One XCom by its full name: by far the most frequent question of running tasks."""
_VALUE, _IS_REFERENCE = 6, 7
"""Where these stand in a row of `_COLUMNS`."""
_ORDERS = {
    "key": xcom.c.key,
    "timestamp": xcom.c.timestamp,
    "task_id": xcom.c.task_id,
    "map_index": xcom.c.map_index,
    "dag_id": dag_run.c.dag_id,
    "run_id": dag_run.c.run_id,
    "run_after": dag_run.c.run_after,
    "id": xcom.c.pk,
}


class XComVerbs(StoreParts):
    """XComs. Text above the threshold goes to the object store and back."""

    def set_xcom(
        self,
        run_pk: int,
        key: TaskKey,
        xcom_key: str,
        value: str,
        length: int | None,
        *,
        attempt_id: str | None = None,
    ) -> None:
        """Store a value. With an attempt id: raises `ConflictError` unless it still counts."""
        write = self._placed(XComWrite(key=xcom_key, value=value, length=length))
        row = xcom_row(run_pk, key, write, to_micros(self._clock()))
        with self._database.write() as transaction:
            if attempt_id is not None:
                owner = counting_instance(transaction, attempt_id)
                if owner != (run_pk, key):
                    raise AttemptSupersededError(
                        f"The attempt {attempt_id} belongs to {owner[1]} of run {owner[0]} and "
                        f"may not write XComs of {key} in run {run_pk}."
                    )
            transaction.run_many(WRITE_XCOM, [row])

    def get_xcom(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        map_index: int | None,
        key: str,
        include_prior_dates: bool = False,
    ) -> XComRecord | None:
        """One value; with prior dates, the newest at or before the run's logical date."""
        if map_index is not None and not include_prior_dates:
            with self._database.read() as transaction:
                rows = transaction.fetch(_ONE, (dag_id, run_id, task_id, key, map_index))
            return self._record(rows[0]) if rows else None
        query = select(*_COLUMNS).select_from(_JOINED)
        query = query.where(xcom.c.task_id == task_id, xcom.c.key == key)
        if map_index is not None:
            query = query.where(xcom.c.map_index == map_index)
        with self._database.read() as transaction:
            if include_prior_dates:
                prior = _run_and_prior(transaction, dag_id, run_id)
                if prior is None:
                    return None
                query = query.where(*prior[0]).order_by(prior[1].desc(), dag_run.c.pk.desc())
            else:
                query = query.where(dag_run.c.dag_id == dag_id, dag_run.c.run_id == run_id)
            rows = transaction.rows(query.order_by(xcom.c.map_index).limit(1))
        return self._record(rows[0]) if rows else None

    def get_xcom_item(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str, index: int
    ) -> XComItem | None:
        """The item at `index`, modulo their number, of a list or mapping; the whole of another
        value. None where nothing was pushed, or nothing with items in it.

        The values that were asked for last are kept taken apart, by what the row says: so each
        of many instances that are mapped over one value costs a look at its row.
        """
        from slipstream.wire.value_items import split_items

        with self._database.read() as transaction:
            rows = transaction.fetch(_ONE, (dag_id, run_id, task_id, key, map_index))
        if not rows:
            return None
        stored, is_reference = str(rows[0][_VALUE]), bool(rows[0][_IS_REFERENCE])
        known_as = f"{is_reference:d}{stored}"
        items = self._items.get(known_as)
        if items is None:
            text = self._objects.get(stored) if is_reference else stored
            items = split_items(text)
            if items is None:
                return XComItem(text, None)
            self._items.put(known_as, items)
        if not len(items):
            return None
        return XComItem(items.text(index % len(items)), len(items), items.are_pairs)

    def get_xcoms(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        key: str,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        include_prior_dates: bool = False,
    ) -> Sequence[XComRecord]:
        """The values of a task's instances in map index order, sliced as a list is."""
        pushed = (xcom.c.task_id == task_id, xcom.c.key == key)
        is_forwards = start is not None and stop is not None and start >= 0 and stop >= 0
        with self._database.read() as transaction:
            run_pk = _pushing_run(transaction, dag_id, run_id, pushed, include_prior_dates)
            if run_pk is None:
                return []
            mine = (xcom.c.run_pk == run_pk, *pushed)
            if is_forwards and step is None:
                places = range(start or 0, stop or 0)
            else:
                count = transaction.value(select(func.count()).select_from(xcom).where(*mine))
                places = range(count)[start:stop:step]
            if not places:
                return []
            first, last = min(places[0], places[-1]), max(places[0], places[-1])
            rows = transaction.rows(
                select(*_COLUMNS)
                .select_from(_JOINED)
                .where(*mine)
                .order_by(xcom.c.map_index)
                .offset(first)
                .limit(last - first + 1)
            )
        return [self._record(rows[place - first]) for place in places if place - first < len(rows)]

    def count_xcoms(self, *, dag_id: str, run_id: str, task_id: str, key: str) -> int:
        """How many instances pushed the key."""
        query = select(func.count()).select_from(_JOINED)
        query = query.where(
            dag_run.c.dag_id == dag_id,
            dag_run.c.run_id == run_id,
            xcom.c.task_id == task_id,
            xcom.c.key == key,
        )
        with self._database.read() as transaction:
            count: int = transaction.value(query)
        return count

    def list_xcoms(self, which: XComFilter, window: Window) -> Page[XComRecord]:
        """A page of XComs, by default in order of creation."""
        conditions = _conditions(which)
        page = (
            select(*_COLUMNS)
            .select_from(_JOINED)
            .where(*conditions)
            .order_by(*ordering(window, _ORDERS, xcom.c.pk))
            .limit(window.limit)
            .offset(window.offset)
        )
        total = select(func.count()).select_from(_JOINED).where(*conditions)
        with self._database.read() as transaction:
            rows = transaction.rows(page)
            count = transaction.value(total)
        return Page([self._record(row) for row in rows], count)

    def delete_xcom(self, run_pk: int, key: TaskKey, xcom_key: str) -> bool:
        """Remove one; False where there was none."""
        statement = delete(xcom).where(
            xcom.c.run_pk == run_pk,
            xcom.c.task_id == key.task_id,
            xcom.c.map_index == key.map_index,
            xcom.c.key == xcom_key,
        )
        with self._database.write() as transaction:
            return transaction.execute(statement).rowcount > 0

    def take_xcoms(self, attempt_id: str, *, with_values: bool = False) -> Mapping[str, str]:
        """Remove all of the attempt's task instance; gives `{key: text, empty without values}`.

        Raises `ConflictError` unless the attempt still counts.
        """
        with self._database.write() as transaction:
            run_pk, key = counting_instance(transaction, attempt_id)
            mine = (
                xcom.c.run_pk == run_pk,
                xcom.c.task_id == key.task_id,
                xcom.c.map_index == key.map_index,
            )
            rows = transaction.rows(
                select(xcom.c.key, xcom.c.value, xcom.c.is_reference).where(*mine)
            )
            if rows:
                transaction.execute(delete(xcom).where(*mine))
        return {
            name: (self._objects.get(value) if is_reference else value) if with_values else ""
            for name, value, is_reference in rows
        }

    def _record(self, row: Row) -> XComRecord:
        run_pk, dag_id, run_id, task_id, map_index, key, value, is_reference, timestamp = row
        return XComRecord(
            run_pk=run_pk,
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            key=key,
            value=self._objects.get(value) if is_reference else value,
            timestamp=from_micros(timestamp),
        )


def _run_and_prior(
    transaction: Transaction, dag_id: str, run_id: str
) -> tuple[tuple[ColumnElement[bool], ...], ColumnElement[Any]] | None:
    """The conditions on a run to be this one or an earlier one, and what they are ordered by."""
    rows = transaction.rows(
        select(dag_run.c.pk, dag_run.c.logical_date, dag_run.c.run_after).where(
            dag_run.c.dag_id == dag_id, dag_run.c.run_id == run_id
        )
    )
    if not rows:
        return None
    _, logical_date, run_after = rows[0]
    column = dag_run.c.run_after if logical_date is None else dag_run.c.logical_date
    moment = run_after if logical_date is None else logical_date
    return (dag_run.c.dag_id == dag_id, column <= moment), column


def _pushing_run(
    transaction: Transaction,
    dag_id: str,
    run_id: str,
    pushed: tuple[ColumnElement[bool], ...],
    include_prior_dates: bool,
) -> int | None:
    """The run whose values are asked for: with prior dates, the newest one that has any."""
    query: Select[int] = select(dag_run.c.pk)
    if include_prior_dates:
        prior = _run_and_prior(transaction, dag_id, run_id)
        if prior is None:
            return None
        any_pushed = select(xcom.c.pk).where(xcom.c.run_pk == dag_run.c.pk, *pushed).exists()
        query = query.where(*prior[0], any_pushed)
        query = query.order_by(prior[1].desc(), dag_run.c.pk.desc()).limit(1)
    else:
        query = query.where(dag_run.c.dag_id == dag_id, dag_run.c.run_id == run_id)
    run_pk: int | None = transaction.value(query)
    return run_pk


def _conditions(which: XComFilter) -> list[ColumnElement[bool]]:
    conditions = [
        *one_among(dag_run.c.dag_id, which.dag_ids),
        *one_among(dag_run.c.run_id, which.run_ids),
        *like(dag_run.c.run_id, which.run_id_pattern),
        *one_among(xcom.c.task_id, which.task_ids),
        *like(xcom.c.task_id, which.task_id_pattern),
        *one_among(xcom.c.map_index, which.map_indexes),
        *one_among(xcom.c.key, which.keys),
        *like(xcom.c.key, which.key_pattern),
        *in_range(dag_run.c.logical_date, which.logical_date),
        *in_range(dag_run.c.run_after, which.run_after),
    ]
    named = like(dag.c.display_name, which.dag_display_name_pattern)
    if named:
        conditions.append(dag_run.c.dag_id.in_(select(dag.c.dag_id).where(*named)))
    return conditions
