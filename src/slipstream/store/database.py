"""Transactions on a database, whichever it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeAlias

from sqlalchemy import insert
from sqlalchemy.engine import Connection, CursorResult, Dialect
from sqlalchemy.sql.base import Executable

from slipstream.store.errors import WouldWaitError
from slipstream.store.leases import Holder, Lease
from slipstream.store.records import NoticeKind
from slipstream.store.statements import (
    RowsStatement,
    SqlTuple,
    Statement,
    may_send_together,
    types_of,
)
from slipstream.store.tables import notice
from slipstream.store.wakeups import Hear, Topic

Row: TypeAlias = tuple[Any, ...]
"""A row as a driver gives it; what its values are, only the schema knows."""
Answer: TypeAlias = Callable[[], Sequence[Row]]
"""The rows of a query that was sent, once they are looked at."""

_LEAVE_NOTICE = RowsStatement(
    lambda rows: rows.put_into(insert(notice)), types_of(notice, ("kind", "subject"))
)


class Transaction:
    """One transaction: statements through SQLAlchemy, and the hot ones straight to the driver."""

    def __init__(self, connection: Connection) -> None:
        """A transaction has begun on the connection, or begins with its first statement."""
        self._connection = connection
        self._cursor = connection.connection.cursor()
        self._dialect = connection.dialect
        self.topics: set[Topic] = set()
        """What those who listen are to be woken for after the commit."""

    @property
    def connection(self) -> Connection:
        """The SQLAlchemy connection below, in this transaction."""
        if not self._connection.in_transaction():
            self._connection.begin()
        return self._connection

    def execute(
        self, statement: Executable, rows: Sequence[Mapping[str, object]] | None = None
    ) -> CursorResult[Any]:
        """Run a statement, once or for each of the rows."""
        return self._connection.execute(statement, rows)

    def rows(self, query: Executable) -> Sequence[Row]:
        """The rows that a query gives."""
        return self._connection.execute(query).all()

    def column(self, query: Executable) -> list[Any]:
        """The first value of every row that a query gives."""
        return list(self._connection.execute(query).scalars())

    def value(self, query: Executable) -> Any:
        """The first value of the first row, or None where there is no row."""
        return self._connection.execute(query).scalar()

    def run(
        self,
        statement: Statement,
        parameters: SqlTuple,
        *,
        check: Callable[[int], None] | None = None,
    ) -> None:
        """Run a hot statement; `check` is given the number of rows that it touched."""
        self._cursor.execute(statement.text(self._dialect), parameters)
        if check is not None:
            check(self._cursor.rowcount)

    def run_many(
        self,
        statement: RowsStatement,
        rows: Sequence[SqlTuple],
        *,
        check: Callable[[int], None] | None = None,
    ) -> None:
        """Run a hot statement for every row; `check` is given the number that it touched."""
        if rows:
            self._cursor.executemany(statement.text(self._dialect), rows)
            if check is not None:
                check(self._cursor.rowcount)

    def together(self) -> AbstractContextManager[None]:
        """Hot statements in here may be sent in one go; their checks are made at the end of it.

        Nothing in here goes through SQLAlchemy.
        """
        return nullcontext()

    def fetch(self, statement: Statement, parameters: SqlTuple = ()) -> Sequence[Row]:
        """The rows that a hot query gives."""
        self._cursor.execute(statement.text(self._dialect), parameters)
        found: Sequence[Row] = self._cursor.fetchall()
        return found

    def ask(self, statement: Statement, parameters: SqlTuple = ()) -> Answer:
        """The rows that a hot query gives, to be looked at when `together` is over."""
        if not may_send_together(self._dialect):
            rows = self.fetch(statement, parameters)
            return lambda: rows
        cursor = self._connection.connection.cursor()
        cursor.execute(statement.text(self._dialect), parameters)
        return cursor.fetchall

    def leave_notice(self, kind: NoticeKind, subjects: Iterable[str | int]) -> None:
        """Tell the scheduler, in this very transaction."""
        rows = [(kind.value, str(subject)) for subject in subjects]
        self.run_many(_LEAVE_NOTICE, rows)
        if rows:
            self.topics.add(Topic.NOTICES)

    def wake_listeners(self, topic: Topic) -> None:
        """Have those who listen to it woken after the commit."""
        self.topics.add(topic)


class Database(ABC):
    """A database that the store works on: its connections, locks and wake-ups."""

    @property
    @abstractmethod
    def dialect(self) -> Dialect:
        """SQLAlchemy's dialect: the words of its SQL."""

    @abstractmethod
    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that sees one state of the database and changes nothing."""

    @abstractmethod
    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that is committed at the end, or rolled back when something is raised.

        Those who listen to its topics are woken after the commit.
        """

    def at_once(self) -> AbstractContextManager[None]:
        """One transaction of all that this thread reads and writes in here.

        Raises `WouldWaitError` instead of waiting for another writer, and always where the database
        is not at hand.
        """
        raise WouldWaitError("The database is not at hand.")

    @abstractmethod
    def lock_runs(self, transaction: Transaction, run_pks: Sequence[int]) -> Mapping[int, int]:
        """`{run: revision}` of those that exist, locked in order until the end."""

    @abstractmethod
    def lock_assets(self, transaction: Transaction) -> None:
        """Be the only one who records or consumes events of assets, until the end.

        So they are numbered in the order in which they become visible, and who has seen one has
        seen all before it. Runs are locked first, then this.
        """

    @abstractmethod
    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """Call `wake` after every commit, of any process, that is of that topic; gives the undo."""

    @abstractmethod
    def tell_others(self, text: str) -> None:
        """Tell other processes that hear, at most `LONGEST_TOLD_BYTES`; it is not kept."""

    @abstractmethod
    def hear_others(self, hear: Hear) -> Callable[[], None]:
        """Be given what other processes tell, in a thread; gives the undo."""

    def lease(self, name: str, holder: Holder) -> Lease | None:
        """A wait for, or hold on, that name; None where a database is one machine's alone."""
        del name, holder
        return None

    def under(self, name: str, epoch: int) -> Database:
        """The same database, on which nothing is written once a later term has begun."""
        del name, epoch
        return self

    @abstractmethod
    def setup_lock(self) -> AbstractContextManager[None]:
        """Keeps other processes from changing the schema meanwhile."""

    @abstractmethod
    def close(self) -> None:
        """Give back every connection and end the listeners."""
