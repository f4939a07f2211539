"""Statements of the hot path: written once in SQLAlchemy, compiled once, run by the driver itself.

SQLAlchemy's own execution costs some 40 µs a statement, more than SQLite needs to carry most of
them out. A `Statement` keeps the compiled text, and its rows are plain tuples in the order of the
declared parameters, so that the driver can be handed them as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from sqlalchemy import Table
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.elements import ClauseElement

from slipstream.store.errors import StoreError

SqlValue: TypeAlias = int | float | str | bytes | list[int] | None
SqlTuple: TypeAlias = Sequence[SqlValue]


class Statement:
    """An SQL statement with positional parameters."""

    def __init__(
        self, source: Executable | Callable[[Dialect], Executable], parameters: Sequence[str]
    ) -> None:
        """`parameters` are the names of the bind parameters, in the order of the rows' values."""
        self._source = source
        self._parameters = tuple(parameters)
        self._texts: dict[str, str] = {}

    def text(self, dialect: Dialect) -> str:
        """The SQL in the words of that database."""
        text = self._texts.get(dialect.name)
        if text is None:
            text = self._texts[dialect.name] = self._compile(dialect)
        return text

    def _compile(self, dialect: Dialect) -> str:
        source = self._source if isinstance(self._source, Executable) else self._source(dialect)
        if not isinstance(source, ClauseElement):
            raise StoreError(f"{source!r} is no SQL statement.")
        compiled = source.compile(dialect=dialect, column_keys=list(self._parameters))
        order = tuple(getattr(compiled, "positiontup", None) or ())
        if order != self._parameters:
            raise StoreError(
                f"The parameters of {compiled} come as {order} and were declared as "
                f"{self._parameters}: declare them in the order of the text."
            )
        return str(compiled)


def upsert(
    dialect: Dialect,
    table: Table,
    columns: Sequence[str],
    key: Sequence[str],
    kept: Sequence[str] = (),
) -> Insert:
    """An insert of `columns` that replaces them in the row which has the same `key`.

    Columns in `kept` are set in a new row only.
    """
    rest = [column for column in columns if column not in key and column not in kept]
    if dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        into = postgresql.insert(table)
        return into.on_conflict_do_update(
            index_elements=key, set_={column: into.excluded[column] for column in rest}
        )
    from sqlalchemy.dialects import sqlite

    insert = sqlite.insert(table)
    return insert.on_conflict_do_update(
        index_elements=key, set_={column: insert.excluded[column] for column in rest}
    )
