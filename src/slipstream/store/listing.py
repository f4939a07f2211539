"""Small tables of named things: put one, get a page of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.engine import Dialect

from slipstream.store.database import Database, Row, Transaction
from slipstream.store.filters import like, ordering
from slipstream.store.records import Window
from slipstream.store.statements import upsert


def put(
    transaction: Transaction, dialect: Dialect, table: Table, row: Mapping[str, object]
) -> bool:
    """Create or replace the row of that primary key; True when it was new."""
    key = [column.name for column in table.primary_key.columns]
    same = [table.c[name] == row[name] for name in key]
    # The row is locked so that of two writers only one can find it missing.
    found = transaction.execute(select(*table.primary_key.columns).where(*same).with_for_update())
    is_new = not found.all()
    transaction.execute(upsert(dialect, table, list(row), key), [row])
    return is_new


def read_page(
    database: Database,
    table: Table,
    name: ColumnElement[Any],
    *,
    pattern: str | None,
    window: Window,
    orders: Mapping[str, ColumnElement[Any]],
) -> tuple[Sequence[Row], int]:
    """A page of a table's rows whose `name` is like the pattern, and how many there are."""
    conditions = like(name, pattern)
    page = select(*table.c).where(*conditions).order_by(*ordering(window, orders, name))
    total = select(func.count()).select_from(table).where(*conditions)
    with database.read() as transaction:
        rows = transaction.rows(page.limit(window.limit).offset(window.offset))
        return rows, transaction.value(total)
