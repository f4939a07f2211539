"""SQLite: one writer at a time, readers beside it that never wait (WAL)."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Final

from sqlalchemy import bindparam, create_engine, event, select
from sqlalchemy.engine import URL, Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, StaticPool

from slipstream.store.database import Database, Transaction
from slipstream.store.dialects.datagrams import Datagrams
from slipstream.store.errors import (
    ConstraintViolatedError,
    SchemaMismatchError,
    StoreError,
    StoreUnavailableError,
    UnstorableValueError,
    UnsupportedUrlError,
    WouldWaitError,
)
from slipstream.store.statements import Statement
from slipstream.store.tables import dag_run
from slipstream.store.wakeups import Hear, LocalWakeups, Topic, Wakeups

_BUSY_SECONDS: Final = 60
# Taking the write lock at the beginning is what spares a transaction the refusal ("database is
# locked", at once and without waiting) that turning from reading to writing can meet.
# https://www.sqlite.org/lang_transaction.html#deferred_immediate_and_exclusive_transactions
_BEGIN_WRITING: Final = "BEGIN IMMEDIATE"
_BEGIN_READING: Final = "BEGIN"
_LONG_LOG: Final = 4000
"""Pages of the write-ahead log after which a commit brings it into the database; four times
SQLite's default. That waits for the disk, and all writers wait with it; so a thread that does not
want to wait leaves it to the next one."""
_FULL_LOG: Final = 20_000
"""Pages after which it does so all the same."""
_HASTY_SECONDS: Final = 0.003
"""How long a thread that does not want to wait waits for another one: most transactions take less,
and so does whatever it would do instead."""
_REVISION = Statement(
    select(dag_run.c.pk, dag_run.c.revision).where(dag_run.c.pk == bindparam("run_pk")),
    ("run_pk",),
)


class SQLiteDatabase(Database):
    """A database file, or one in memory that lives as long as the object."""

    def __init__(self, url: URL, *, readers: int) -> None:
        """`readers` is how many threads can read at the same time; others wait their turn."""
        if "mode" in url.query or "vfs" in url.query or (url.database or "").startswith("file:"):
            raise UnsupportedUrlError(
                f"{url} is an SQLite URI: give a plain path, as sqlite:////var/lib/slipstream.db"
            )
        self._path = None if url.database in (None, "", ":memory:") else Path(url.database or "")
        if self._path is not None:
            _make_folder(self._path.parent)
        self._write_lock = threading.Lock()
        self._writer_engine = _engine(url, writing=True)
        self._reader_engine = None if self._path is None else _engine(url, writing=False)
        self._writer: Connection | None = None
        self._writer_is_hasty = False
        self._readers: LifoQueue[Connection | None] = LifoQueue()
        """Connections that nobody reads with now, and a None for each that was not made yet."""
        for _ in range(readers):
            self._readers.put(None)
        self._joined = _Joined()
        self._wakeups: Wakeups = (
            LocalWakeups() if self._path is None else Datagrams(_wake_directory(self._path))
        )

    @property
    def dialect(self) -> Dialect:
        """SQLAlchemy's dialect: the words of its SQL."""
        return self._writer_engine.dialect

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that sees one state of the database and changes nothing."""
        joined = self._joined.transaction
        if joined is not None:
            with _facts():
                yield joined
        elif self._reader_engine is None:
            # A database in memory has one connection for all.
            with _facts(), self._write_lock:
                connection = self._writing_connection()
                try:
                    yield Transaction(connection)
                finally:
                    connection.rollback()
        else:
            with _facts(), self._borrowed(self._reader_engine) as connection:
                driver = _driver(connection)
                driver.execute(_BEGIN_READING)
                try:
                    yield Transaction(connection)
                finally:
                    _end(connection, driver.rollback, connection.rollback)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that is committed at the end, or rolled back when something is raised."""
        joined = self._joined.transaction
        if joined is not None:
            with _facts():
                yield joined
            return
        with _facts(), self._write_lock, self._writing() as transaction:
            yield transaction
        if transaction.topics:
            self._wakeups.wake(transaction.topics)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """One transaction of all that this thread reads and writes in here."""
        if not self._write_lock.acquire(timeout=_HASTY_SECONDS):
            raise WouldWaitError("Something else is being written.")
        try:
            with _facts(), self._writing(is_hasty=True) as transaction:
                self._joined.transaction = transaction
                try:
                    yield
                finally:
                    self._joined.transaction = None
        finally:
            self._write_lock.release()
        if transaction.topics:
            self._wakeups.wake(transaction.topics)

    @contextmanager
    def _writing(self, *, is_hasty: bool = False) -> Iterator[Transaction]:
        """A transaction of this process's only writer, who is to be the only one of all."""
        connection = self._writing_connection()
        driver = _driver(connection)
        if self._writer_is_hasty is not is_hasty:
            seconds, pages = (0, _FULL_LOG) if is_hasty else (_BUSY_SECONDS, _LONG_LOG)
            driver.execute(f"PRAGMA busy_timeout = {1000 * seconds}")
            driver.execute(f"PRAGMA wal_autocheckpoint = {pages}")
            self._writer_is_hasty = is_hasty
        try:
            driver.execute(_BEGIN_WRITING)
        except sqlite3.OperationalError as error:
            if is_hasty and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise WouldWaitError("Another process is writing.") from error
            raise
        try:
            transaction = Transaction(connection)
            yield transaction
            _end(connection, driver.commit, connection.commit)
        except BaseException:
            _end(connection, driver.rollback, connection.rollback)
            raise

    @contextmanager
    def _borrowed(self, engine: Engine) -> Iterator[Connection]:
        """A connection to read with. Waits for one where all are in use."""
        try:
            connection = self._readers.get(timeout=_BUSY_SECONDS)
        except Empty:
            raise StoreUnavailableError(
                f"All connections to read with were in use for {_BUSY_SECONDS} s."
            ) from None
        try:
            if connection is None:
                connection = engine.connect()
            yield connection
        finally:
            self._readers.put(connection)

    def _writing_connection(self) -> Connection:
        if self._writer is None or self._writer.closed:
            self._writer = self._writer_engine.connect()
            self._writer_is_hasty = False
        return self._writer

    def lock_runs(self, transaction: Transaction, run_pks: Sequence[int]) -> Mapping[int, int]:
        """`{run: revision}` of those that exist; the transaction holds the one write lock."""
        found: dict[int, int] = {}
        for run_pk in run_pks:
            for pk, revision in transaction.fetch(_REVISION, (run_pk,)):
                found[pk] = revision
        return found

    def lock_assets(self, transaction: Transaction) -> None:
        """The transaction holds the one write lock."""

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """Call `wake` after every commit, of any process, that is of that topic; gives the undo."""
        return self._wakeups.listen(wake, topic)

    def tell_others(self, text: str) -> None:
        """Tell other processes that hear. Who is busy misses it."""
        if isinstance(self._wakeups, Datagrams):
            self._wakeups.tell(text)

    def hear_others(self, hear: Hear) -> Callable[[], None]:
        """Be given what other processes tell; gives the undo."""
        return self._wakeups.hear(hear)

    @contextmanager
    def setup_lock(self) -> Iterator[None]:
        """Keeps other processes from changing the schema meanwhile."""
        if self._path is None:
            yield
        else:
            # A new file is opened under the same lock, so that comes first.
            with _facts(), self._write_lock:
                self._writing_connection()
            with _directory_lock(self._path.parent):
                yield

    def close(self) -> None:
        """Give back every connection and end the listeners."""
        self._wakeups.close()
        with self._write_lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        for _ in range(self._readers.qsize()):
            reader = self._readers.get()
            if reader is not None:
                reader.close()
            self._readers.put(None)
        self._writer_engine.dispose()


class _Joined(threading.local):
    """What a thread is in the middle of."""

    transaction: Transaction | None = None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailableError(
            f"The folder {folder} of the database cannot be made: {error.strerror}. "
            f"Choose another place for it."
        ) from error


def _engine(url: URL, *, writing: bool) -> Engine:
    in_memory = url.database in (None, "", ":memory:")
    engine = create_engine(
        url,
        # Connections are kept by the database itself: taking one out of a pool and putting it back
        # costs more than what most transactions do with it.
        poolclass=StaticPool if in_memory else NullPool,
        connect_args=(
            {"check_same_thread": False}
            if in_memory
            else {
                "check_same_thread": False,
                "timeout": _BUSY_SECONDS,
                "cached_statements": 256,
            }
        ),
    )
    event.listen(engine, "connect", _configure)
    if writing:
        event.listen(engine, "connect", _prepare_for_writing)
    return engine


def _end(connection: Connection, alone: Callable[[], None], together: Callable[[], None]) -> None:
    """End a transaction that the driver began, and SQLAlchemy's where it has joined it."""
    (together if connection.in_transaction() else alone)()


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise StoreError(f"{driver!r} is no connection of the sqlite3 module.")
    return driver


def _configure(driver: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # Transactions begin and end where the store says so, not where the driver guesses.
    driver.isolation_level = None
    driver.execute("PRAGMA foreign_keys = ON")
    driver.execute("PRAGMA synchronous = NORMAL")
    driver.execute("PRAGMA temp_store = MEMORY")
    if driver.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
        _turn_to_wal(driver)


def _prepare_for_writing(driver: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # A bulk write touches its pages many times; with the default of 2 MB they are written and read
    # again within the transaction. Negative: KiB.
    driver.execute("PRAGMA cache_size = -16384")
    driver.execute(f"PRAGMA wal_autocheckpoint = {_LONG_LOG}")


def _turn_to_wal(driver: sqlite3.Connection) -> None:
    # The turn does not wait for other connections as transactions do, so it is made by one
    # process at a time.
    path = driver.execute("PRAGMA database_list").fetchone()[2]
    with _directory_lock(Path(path).parent):
        driver.execute("PRAGMA journal_mode = WAL")


@contextmanager
def _directory_lock(directory: Path) -> Iterator[None]:
    # The folder itself is locked: a lock file would have to be cleaned up, and closing the
    # database file would drop SQLite's own locks (https://www.sqlite.org/howtocorrupt.html).
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _wake_directory(path: Path) -> Path:
    return path.with_name(path.name + "-wake")


@contextmanager
def _facts() -> Iterator[None]:
    """Say what the driver's errors mean."""
    try:
        yield
    except DBAPIError as error:
        raise _named(error.orig or error) from error
    except sqlite3.Error as error:
        raise _named(error) from error
    except OverflowError as error:
        raise UnstorableValueError(
            "A number is too large: the database knows those of 64 bits."
        ) from error


def _named(error: BaseException) -> StoreError:
    message = str(error)
    if isinstance(error, sqlite3.IntegrityError):
        return ConstraintViolatedError(message)
    if "no such table" in message or "no such column" in message:
        return SchemaMismatchError(
            f"The database has another schema than this version needs ({message}): run "
            "`slipstream db migrate`."
        )
    if isinstance(error, sqlite3.OperationalError):
        return StoreUnavailableError(f"SQLite failed: {message}")
    return StoreError(f"SQLite failed: {message}")
