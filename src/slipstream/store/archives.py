"""What was removed from a table, kept in one beside it until somebody drops that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, MetaData, Table, func, insert, inspect, select, text
from sqlalchemy.schema import CreateTable

from slipstream.store.database import Transaction
from slipstream.store.parts import StoreParts

_PREFIX: Final = "_slipstream_deleted__"
_NAME: Final = re.compile(rf"{_PREFIX}(?P<table>\w+?)__\d{{20}}")
_ROWS_AT_ONCE: Final = 1000


class Archives:
    """The tables that one removal fills."""

    def __init__(self, now: datetime) -> None:
        """`now` tells them from those of other removals."""
        self._stamp = f"{now:%Y%m%d%H%M%S%f}"
        self._made: dict[str, Table] = {}

    def keep(
        self, transaction: Transaction, table: Table, conditions: Sequence[ColumnElement[bool]]
    ) -> None:
        """Copy these rows; an archive is made for the first of them."""
        rows = select(table).where(*conditions)
        if transaction.value(select(func.count()).select_from(rows.subquery())) == 0:
            return
        archive = self._made.get(table.name)
        if archive is None:
            name = f"{_PREFIX}{table.name}__{self._stamp}"
            columns = (Column(column.name, column.type) for column in table.columns)
            archive = self._made[table.name] = Table(name, MetaData(), *columns)
            transaction.execute(CreateTable(archive))
        transaction.execute(insert(archive).from_select([*archive.columns.keys()], rows))


class ArchiveVerbs(StoreParts):
    """Looking at archives and dropping them."""

    def list_archives(self, tables: Sequence[str] | None) -> Sequence[str]:
        """The names of archives, those of these tables; None are all."""
        with self._database.read() as transaction:
            return _archives(transaction, tables)

    def read_archive(self, name: str) -> Iterator[tuple[str, ...] | Sequence[Any]]:
        """The names of its columns, then its rows."""
        columns = text(f'SELECT * FROM "{_checked(name)}"')  # noqa: S608 - it was checked
        with self._database.read() as transaction:
            result = transaction.execute(columns)
            yield tuple(result.keys())
            while rows := result.fetchmany(_ROWS_AT_ONCE):
                yield from rows

    def drop_archives(self, names: Sequence[str]) -> None:
        """Remove archives for ever."""
        with self._database.write() as transaction:
            drop(transaction, names)


def drop_all(transaction: Transaction) -> None:
    """Remove every archive."""
    drop(transaction, _archives(transaction, None))


def drop(transaction: Transaction, names: Sequence[str]) -> None:
    """Remove archives."""
    for name in names:
        transaction.execute(text(f'DROP TABLE "{_checked(name)}"'))


def _archives(transaction: Transaction, tables: Sequence[str] | None) -> Sequence[str]:
    found = sorted(inspect(transaction.connection).get_table_names())
    named = ((name, _NAME.fullmatch(name)) for name in found)
    return [name for name, match in named if match and (tables is None or match["table"] in tables)]


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no archive.")
    return name
