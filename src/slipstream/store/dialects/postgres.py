"""PostgreSQL through psycopg 3: row locks in the order of the runs, NOTIFY as the wake-up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy

import psycopg
from sqlalchemy import bindparam, create_engine, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import URL, Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.types import BigInteger

from slipstream.store.database import Database, Transaction
from slipstream.store.dialects.arrays import array_literal
from slipstream.store.dialects.channel import CHANNEL, Channel
from slipstream.store.dialects.postgres_lease import PostgresLease
from slipstream.store.errors import (
    ConstraintViolatedError,
    SchemaMismatchError,
    StoreError,
    StoreUnavailableError,
    UnstorableValueError,
)
from slipstream.store.lease_table import lease
from slipstream.store.leases import Holder, Lease, LeaseLostError
from slipstream.store.statements import RowsStatement, SqlTuple, Statement
from slipstream.store.tables import dag_run
from slipstream.store.wakeups import Hear, Topic, telling, topics_text

_SETUP_LOCK = 0x51195712EA
"""The number of the advisory lock under which the schema changes."""
_ASSETS_LOCK = 0x51195712EB
"""The number of the advisory lock under which events of assets are recorded."""
_CONNECT_SECONDS = 10
_POOL_SECONDS = 60
_EXTRA_CONNECTIONS = 8

# Rows are locked in the order of their numbers, so that two writers cannot wait for each other.
_LOCK_RUNS = Statement(
    select(dag_run.c.pk, dag_run.c.revision)
    .where(dag_run.c.pk == func.any(bindparam("run_pks", type_=ARRAY(BigInteger))))
    .order_by(dag_run.c.pk)
    .with_for_update(),
    ("run_pks",),
)
_THE_TERM = Statement(
    select(lease.c.epoch)
    .where(lease.c.name == bindparam("name"), lease.c.epoch == bindparam("epoch"))
    .with_for_update(read=True),
    ("name", "epoch"),
)
_LOCK_ASSETS = Statement(select(func.pg_advisory_xact_lock(literal_column(str(_ASSETS_LOCK)))), ())
_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', :topics)")


class PostgresTransaction(Transaction):
    """A transaction whose hot statements can share a message to the server."""

    def __init__(self, connection: Connection, term: tuple[str, int] | None = None) -> None:
        """`connection` has begun. `term` is the `(name, epoch)` of a lease that it writes under."""
        super().__init__(connection)
        self._term = term
        driver = connection.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise StoreError(f"{driver!r} is no connection of psycopg.")
        self._driver = driver
        self._sent: list[tuple[psycopg.Cursor, Callable[[int], None]]] | None = None
        """What is to be checked when the answers are there; None outside of `together`."""

    def run(
        self,
        statement: Statement,
        parameters: SqlTuple,
        *,
        check: Callable[[int], None] | None = None,
    ) -> None:
        """Run a hot statement; `check` is given the number of rows that it touched."""
        cursor = self._driver.execute(statement.text(self._dialect), parameters)
        if check is None:
            return
        if self._sent is None:
            check(cursor.rowcount)
        else:
            self._sent.append((cursor, check))

    def run_many(
        self,
        statement: RowsStatement,
        rows: Sequence[SqlTuple],
        *,
        check: Callable[[int], None] | None = None,
    ) -> None:
        """Run a hot statement for all rows, given as one array for each column."""
        if rows:
            columns = [array_literal(values) for values in zip(*rows, strict=True)]
            self.run(statement, columns, check=check)

    def check_term(self) -> None:
        """Raise `LeaseLostError` unless the term that it writes under is still the latest.

        From here to its end no later one begins.
        """
        if self._term is not None:
            self.run(_THE_TERM, self._term, check=_is_the_latest)
            self._term = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Hot statements in here are sent in one go; their checks are made at the end of it.

        A commit of the scheduler is some six statements, and waiting for the answer to each costs
        more than carrying them out.
        """
        self._sent = []
        try:
            with self._driver.pipeline():
                yield
                self.check_term()
            for cursor, check in self._sent:
                check(cursor.rowcount)
        finally:
            self._sent = None


class PostgresDatabase(Database):
    """A PostgreSQL database."""

    def __init__(self, url: URL, *, connections: int) -> None:
        """`connections` are kept open; a few more are opened for a moment where they are short."""
        self._engine = create_engine(
            url,
            # Positional parameters, as SQLite has them: rows are plain tuples.
            paramstyle="format",
            pool_size=connections,
            max_overflow=_EXTRA_CONNECTIONS,
            pool_timeout=_POOL_SECONDS,
            pool_pre_ping=False,
            pool_use_lifo=True,
            connect_args={"connect_timeout": _CONNECT_SECONDS, "application_name": "slipstream"},
        )
        self._channel = Channel(self._connect)
        self._term: tuple[str, int] | None = None

    @property
    def dialect(self) -> Dialect:
        """SQLAlchemy's dialect: the words of its SQL."""
        return self._engine.dialect

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that sees one state of the database and changes nothing."""
        with self._facts(), self._engine.connect() as connection:
            reading = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            reading.begin()
            yield PostgresTransaction(reading)
            # A rollback would have the driver forget all statements that it has prepared.
            reading.commit()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that is committed at the end, or rolled back when something is raised."""
        with self._facts(), self._engine.begin() as connection:
            transaction = PostgresTransaction(connection, self._term)
            yield transaction
            transaction.check_term()
            if transaction.topics:
                connection.execute(_NOTIFY, {"topics": topics_text(transaction.topics)})

    def lock_runs(self, transaction: Transaction, run_pks: Sequence[int]) -> Mapping[int, int]:
        """`{run: revision}` of those that exist, locked in order until the end."""
        return dict(transaction.fetch(_LOCK_RUNS, [list(run_pks)]))

    def lock_assets(self, transaction: Transaction) -> None:
        """Be the only one who records or consumes events of assets, until the end."""
        transaction.fetch(_LOCK_ASSETS)

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """Call `wake` after every commit, of any process, that is of that topic; gives the undo."""
        return self._channel.listen(wake, topic)

    def tell_others(self, text: str) -> None:
        """Tell other processes that hear."""
        with self._facts(), self._engine.begin() as connection:
            connection.execute(_NOTIFY, {"topics": telling(text)})

    def hear_others(self, hear: Hear) -> Callable[[], None]:
        """Be given what processes tell, this one as well; gives the undo."""
        return self._channel.hear(hear)

    def lease(self, name: str, holder: Holder) -> Lease:
        """A wait for, or hold on, that name."""
        return PostgresLease(self._connect, name, holder)

    def under(self, name: str, epoch: int) -> PostgresDatabase:
        """The same database, on which nothing is written once a later term has begun."""
        bound = copy(self)
        bound._term = (name, epoch)
        return bound

    @contextmanager
    def setup_lock(self) -> Iterator[None]:
        """Keeps other processes from changing the schema meanwhile."""
        with self._facts(), self._engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_SETUP_LOCK)))
            yield

    def _connect(self, **options: int) -> psycopg.Connection:
        """A connection outside of the pool, without transactions."""
        words, named = self._engine.dialect.create_connect_args(self._engine.url)
        named.update(connect_timeout=_CONNECT_SECONDS, **options)
        return psycopg.connect(*words, autocommit=True, **named)

    def close(self) -> None:
        """Give back every connection and end the listeners."""
        self._channel.close()
        self._engine.dispose()

    @contextmanager
    def _facts(self) -> Iterator[None]:
        """Say what the driver's errors mean."""
        try:
            yield
        except PoolTimeoutError as error:
            raise StoreUnavailableError(
                f"No connection to PostgreSQL became free within {_POOL_SECONDS} s: raise "
                "[database] sql_alchemy_pool_size."
            ) from error
        except (DBAPIError, psycopg.Error) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if isinstance(cause, psycopg.OperationalError):
                # The server may be gone, and with it every connection that is kept open.
                self._engine.dispose()
            raise _named(cause or error) from error


def _is_the_latest(found: int) -> None:
    if not found:
        raise LeaseLostError("Another process has taken over; this one must not write any more.")


def _named(error: BaseException) -> StoreError:
    message = str(error).strip()
    match error:
        case psycopg.IntegrityError():
            return ConstraintViolatedError(message)
        case psycopg.errors.UndefinedTable() | psycopg.errors.UndefinedColumn():
            return SchemaMismatchError(
                f"The database has another schema than this version needs ({message}): run "
                "`slipstream db migrate`."
            )
        case psycopg.errors.InvalidSchemaName():
            return StoreError(
                f"PostgreSQL failed: {message}. The schema of [database] sql_alchemy_schema has to "
                "be there: create it, or leave the setting empty."
            )
        case psycopg.DataError():
            return UnstorableValueError(f"A value does not fit: PostgreSQL says {message}")
        case psycopg.OperationalError():
            return StoreUnavailableError(f"PostgreSQL cannot be reached: {message}")
        case _:
            return StoreError(f"PostgreSQL failed: {message}")
