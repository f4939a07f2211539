"""Pages by the place where the last one ended, which cost the same however far one has come.

Rows are compared by what they are sorted by, and by a number that no two have in common; missing
values are the smallest, as in every listing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from slipstream.store.database import Row, Transaction
from slipstream.store.filters import ordered, sorted_columns
from slipstream.store.records import Cursor, Window

COUNTED_AT_MOST: Final = 50_000
"""How many entries are counted for a page by its place: as many as Airflow counts."""


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a page by its place, without what they are sorted by."""

    rows: Sequence[Row]
    total: int
    """At most `COUNTED_AT_MOST`."""
    after: Cursor | None
    """Where the next page begins; None where there is none."""
    before: Cursor | None


def page_at(
    transaction: Transaction,
    matching: Select[Any],
    counted: Select[Any],
    window: Window,
    fields: Mapping[str, ColumnElement[Any]],
    tie_break: ColumnElement[Any],
) -> Found:
    """The page that begins where `window.cursor` says.

    `counted` selects what is to be counted. Raises `InvalidInputError` for a cursor of another
    order, or of none.
    """
    cursor = window.cursor or Cursor()
    columns = sorted_columns(window, fields, tie_break)
    directed = [(column, descends != cursor.backwards) for column, descends in columns]
    query = matching.add_columns(*[column for column, _ in directed])
    if cursor.values is not None:
        query = query.where(_behind(directed, cursor.values))
    query = query.order_by(*[ordered(column, descends=down) for column, down in directed])
    rows = list(transaction.rows(query.limit(window.limit + 1)))
    goes_on = len(rows) > window.limit
    del rows[window.limit :]
    if cursor.backwards:
        rows.reverse()
    is_first = not goes_on if cursor.backwards else cursor.values is None
    is_last = not cursor.backwards and not goes_on
    width = len(columns)
    capped = counted.limit(COUNTED_AT_MOST).subquery()
    return Found(
        rows=[row[:-width] for row in rows],
        total=transaction.value(select(func.count()).select_from(capped)),
        after=None if is_last or not rows else Cursor(tuple(rows[-1][-width:])),
        before=None if is_first or not rows else Cursor(tuple(rows[0][-width:]), backwards=True),
    )


def _behind(
    directed: Sequence[tuple[ColumnElement[Any], bool]], values: Sequence[object]
) -> ColumnElement[bool]:
    """The condition that a row comes after the one with these values."""
    ways: list[ColumnElement[bool]] = []
    same: list[ColumnElement[bool]] = []
    for (column, descends), value in zip(directed, values, strict=True):
        ways.append(and_(*same, _comes_later(column, value, descends=descends)))
        same.append(column.is_(None) if value is None else column == value)
    return or_(*ways)


def _comes_later(
    column: ColumnElement[Any], value: object, *, descends: bool
) -> ColumnElement[bool]:
    if value is None:
        return false() if descends else column.is_not(None)
    if not descends:
        return column > value
    if not getattr(column, "nullable", True):
        return column < value
    return or_(column < value, column.is_(None))
