"""Statements of the hot path: written once in SQLAlchemy, compiled once, run by the driver itself.

SQLAlchemy's own execution costs some 40 µs a statement, more than SQLite needs to carry most of
them out. A `Statement` keeps the compiled text, and its rows are plain tuples in the order of the
declared parameters, so that the driver can be handed them as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ARRAY, Table, bindparam, column, func, select, text
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.elements import ClauseElement, ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from slipstream.store.errors import StoreError

SqlValue: TypeAlias = int | float | str | bytes | Sequence[object] | None
SqlTuple: TypeAlias = Sequence[SqlValue]


class Statement:
    """An SQL statement with positional parameters."""

    def __init__(self, source: Executable, parameters: Sequence[str]) -> None:
        """`parameters` are the names of the bind parameters, in the order of a row's values."""
        self._source = source
        self._parameters = tuple(parameters)
        self._texts: dict[str, str] = {}

    def text(self, dialect: Dialect) -> str:
        """The SQL in the words of that database."""
        text = self._texts.get(dialect.name)
        if text is None:
            text = self._texts[dialect.name] = self._compile(dialect)
        return text

    def _in_terms_of(self, _dialect: Dialect) -> Executable:
        return self._source

    def _compile(self, dialect: Dialect) -> str:
        source = self._in_terms_of(dialect)
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


class Rows:
    """The rows that a statement is run for: the values of one, or of all of them at once."""

    def __init__(self, dialect: Dialect, columns: Mapping[str, TypeEngine[Any]]) -> None:
        """`columns` are the rows' values in order, by name."""
        self.dialect = dialect
        self._columns = columns
        self._all: TableValuedAlias | None = None
        if takes_rows_at_once(dialect):
            arrays = [bindparam(name, type_=ARRAY(type_)) for name, type_ in columns.items()]
            names = [column(name, type_) for name, type_ in columns.items()]
            self._all = func.unnest(*arrays).table_valued(*names, name="given").render_derived()

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        """A value of the row."""
        if self._all is None:
            return bindparam(name, type_=self._columns[name])
        given: ColumnElement[Any] = self._all.c[name]
        return given

    def put_into(self, insert: Insert) -> Insert:
        """The insert of the rows themselves."""
        if self._all is None:
            return insert
        return insert.from_select(list(self._columns), select(*self._all.c))


class RowsStatement(Statement):
    """A statement that is run for many rows.

    SQLite takes them one by one, at a few microseconds each. To PostgreSQL they go as one array for
    each column, in one statement: a message for each row costs it fifty times as much.
    """

    def __init__(
        self, build: Callable[[Rows], Executable], columns: Mapping[str, TypeEngine[Any]]
    ) -> None:
        """`build` writes the statement in terms of the rows' values, `columns` by name."""
        super().__init__(text(""), tuple(columns))
        self._build = build
        self._columns = columns

    def _in_terms_of(self, dialect: Dialect) -> Executable:
        return self._build(Rows(dialect, self._columns))


def takes_rows_at_once(dialect: Dialect) -> bool:
    """Whether a `RowsStatement` is run once, with a list for each column."""
    return dialect.name == "postgresql"


def may_send_together(dialect: Dialect) -> bool:
    """Whether a query may be sent before the answer to the one before it is there."""
    return dialect.name == "postgresql"


def types_of(table: Table, names: Sequence[str]) -> dict[str, TypeEngine[Any]]:
    """`{name: type}` of columns; a name with `b_` in front stands for the column without it."""
    return {name: table.c[name.removeprefix("b_")].type for name in names}


def upsert(
    dialect: Dialect,
    table: Table,
    columns: Sequence[str],
    key: Sequence[str],
    kept: Sequence[str] = (),
) -> Insert:
    """An insert of `columns` that replaces them in the row which has the same `key`.

    Columns in `kept` are set in a new row only; where nothing is left the row stays as it is.
    """
    rest = [column for column in columns if column not in key and column not in kept]
    if dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        into = postgresql.insert(table)
        if not rest:
            return into.on_conflict_do_nothing(index_elements=key)
        return into.on_conflict_do_update(
            index_elements=key, set_={column: into.excluded[column] for column in rest}
        )
    from sqlalchemy.dialects import sqlite

    insert = sqlite.insert(table)
    if not rest:
        return insert.on_conflict_do_nothing(index_elements=key)
    return insert.on_conflict_do_update(
        index_elements=key, set_={column: insert.excluded[column] for column in rest}
    )
