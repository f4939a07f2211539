"""A connection to a foreign database on which nothing can be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from slipstream.model.errors import SlipstreamError


class SourceError(SlipstreamError):
    """The database cannot be read, or is not what was expected."""


class ReadOnlyDatabase:
    """Plain queries on a database that the server itself, or SQLite, keeps from being written."""

    def __init__(self, url: str) -> None:
        """`url` is as Airflow's `sql_alchemy_conn`. Raises `SourceError`."""
        self._engine = _engine(_parsed(url))
        self._columns: dict[str, frozenset[str]] = {}

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database."""
        try:
            connection = self._engine.connect()
        except OperationalError as error:
            raise SourceError(f"The database cannot be reached: {_said(error)}") from None
        with connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(
                    text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                )
            try:
                yield connection
            except SQLAlchemyError as error:
                raise SourceError(f"The database cannot be read: {_said(error)}") from None

    def columns(self, connection: Connection, table: str) -> frozenset[str]:
        """The names of a table's columns; none where there is no such table."""
        if table not in self._columns:
            inspector = inspect(connection)
            there = inspector.has_table(table)
            names = [column["name"] for column in inspector.get_columns(table)] if there else []
            self._columns[table] = frozenset(names)
        return self._columns[table]

    def close(self) -> None:
        """Give back what is held."""
        self._engine.dispose()


def rows(
    connection: Connection, query: str, parameters: Mapping[str, object] | None = None
) -> Sequence[Any]:
    """The rows of a query in plain SQL."""
    return connection.execute(text(query), parameters or {}).all()


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # The text is not shown: there may be a password in it.
        raise SourceError(
            "The URL of Airflow's database cannot be read: expected sqlite:////ABSOLUTE/PATH or "
            "postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
        ) from None


def _engine(url: URL) -> Engine:
    match url.get_backend_name():
        case "sqlite":
            return _sqlite(url)
        case "postgresql" | "postgres":
            return _postgres(url)
        case "mysql":
            raise SourceError(
                "Airflow's database is MySQL, which cannot be read here. Bring it into PostgreSQL "
                "first, for example with pgloader, and name that database."
            )
        case other:
            raise SourceError(
                f"Airflow's database is {other!r}; expected sqlite:// or postgresql://."
            )


def _sqlite(url: URL) -> Engine:
    path = Path(url.database or "")
    if not path.is_file():
        raise SourceError(f"There is no file {path}; expected Airflow's database there.")
    engine = create_engine(f"sqlite:///file:{path}?mode=ro&uri=true", poolclass=NullPool)

    def forbid_writing(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    event.listen(engine, "connect", forbid_writing)
    return engine


def _postgres(url: URL) -> Engine:
    try:
        from slipstream.store.dialects.postgres_url import postgres_url
    except ImportError as error:
        raise SourceError(
            "PostgreSQL needs the package psycopg: install `slipstream[postgres]`."
        ) from error
    options = "-c default_transaction_read_only=on"
    return create_engine(postgres_url(url), poolclass=NullPool, connect_args={"options": options})


def _said(error: SQLAlchemyError) -> str:
    """The driver's own words, without the statement and its parameters."""
    return str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
