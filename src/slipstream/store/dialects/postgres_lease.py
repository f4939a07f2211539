"""Leases through PostgreSQL: an advisory lock of a session, and a row that counts the terms.

The lock is free the moment its session ends: when the holder's process is killed at once, when its
machine or the network is gone after the keepalives' few seconds. Nobody has to renew anything, and
who waits is woken by the database. The row makes the lock safe: a term begins by raising the epoch,
and every transaction of a holder shares a lock on the row, so that none of an older term commits
after that.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from slipstream.store.errors import StoreUnavailableError
from slipstream.store.leases import Holder, LeaseLostError, LeftBehind

KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 6000,
}
"""How the client notices within 6 s that the server is gone."""
_SESSION = """
    SELECT set_config(wanted.name, wanted.setting, false)
    FROM (VALUES
        ('statement_timeout', '0'), ('lock_timeout', '0'), ('idle_session_timeout', '0'),
        ('tcp_keepalives_idle', '3'), ('tcp_keepalives_interval', '1'),
        ('tcp_keepalives_count', '3')
    ) AS wanted (name, setting)
    WHERE wanted.name IN (SELECT name FROM pg_settings)
"""
"""How the server notices within 6 s that the client is gone, and never ends a wait itself."""
# The table's own number keeps deployments apart that share a database in schemas of their own.
_KEY = "CAST(CAST(CAST('lease' AS regclass) AS oid) AS int), hashtext(%s)"
_BEGIN = """
    INSERT INTO lease (name, epoch, hostname, pid, mark, is_held)
    VALUES (%s, 1, %s, %s, %s, true)
    ON CONFLICT (name) DO UPDATE SET
        epoch = lease.epoch + 1, hostname = excluded.hostname, pid = excluded.pid,
        mark = excluded.mark, is_held = true
    RETURNING epoch
"""


class PostgresLease:
    """Implements `slipstream.store.leases.Lease`. One thread uses it; `close` is for any."""

    def __init__(
        self, connect: Callable[..., psycopg.Connection], name: str, holder: Holder
    ) -> None:
        """`connect` gives connections that are in no transaction, with the options it is given."""
        self._connect = connect
        self._name = name
        self._holder = holder
        self._connection: psycopg.Connection | None = None
        self._closing = threading.Lock()
        self._is_closed = False
        self._stop_reader, self._stop_writer = os.pipe()

    def try_take(self) -> bool:
        """Take it if nobody has it."""
        self._open()
        return bool(self._value(f"SELECT pg_try_advisory_lock({_KEY})", self._name))

    def take(self) -> bool:
        """Wait until it can be taken, and take it; False when `close` ended the wait."""
        try:
            with self._closing:
                # From here on `close` finds the connection, and a wait that it can end.
                if self._is_closed:
                    return False
                self._open()
            self._value(f"SELECT pg_advisory_lock({_KEY})", self._name)
        except StoreUnavailableError:
            if self._is_closed:
                return False
            self._drop_connection()
            raise
        return not self._is_closed

    def before(self) -> LeftBehind | None:
        """Who had the term before, or has it now; None where nobody ever had."""
        query = "SELECT hostname, pid, mark, is_held FROM lease WHERE name = %s"
        row = self._row(query, self._name)
        if row is None:
            return None
        hostname, pid, mark, is_held = row
        return LeftBehind(Holder(hostname=hostname, pid=pid, mark=mark), not is_held)

    def begin(self) -> int:
        """Begin a term, of a lease that was taken; gives its epoch."""
        mine = self._holder
        return int(self._value(_BEGIN, self._name, mine.hostname, mine.pid, mine.mark))

    def wait_lost(self) -> bool:
        """Wait until the hold may be lost; False when `close` ended the wait."""
        while not self._is_closed:
            connection = self._connection
            if connection is None or connection.closed:
                return True
            ready, _, _ = select.select([connection.fileno(), self._stop_reader], [], [])
            if self._stop_reader in ready:
                return False
            try:
                connection.pgconn.consume_input()
            except psycopg.OperationalError:
                return True
        return False

    def try_retake(self, epoch: int) -> bool:
        """Take it again, in the term that it was lost in; False while somebody has it."""
        self._drop_connection()
        taken = self.try_take()
        query = "SELECT epoch FROM lease WHERE name = %s AND is_held"
        if self._value(query, self._name) != epoch:
            raise LeaseLostError(f"Another process is in charge by now ({self._name}).")
        return taken

    def give_back(self) -> None:
        """Let go of it: what was done under it is over. Nothing can be done with it any more."""
        self.close()
        with suppress(StoreUnavailableError):
            self._value(
                "UPDATE lease SET is_held = false WHERE name = %s AND mark = %s RETURNING epoch",
                self._name,
                self._holder.mark,
            )
        self._drop_connection()
        for descriptor in (self._stop_reader, self._stop_writer):
            os.close(descriptor)

    def close(self) -> None:
        """End every wait; the hold stays until it is given back."""
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            os.write(self._stop_writer, b"\0")
            connection = self._connection
        if connection is not None and not connection.closed:
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=2)

    def _open(self) -> None:
        """A hold lasts as long as its connection: no other method makes a new one."""
        with _facts():
            if self._connection is None or self._connection.closed:
                self._connection = self._connect(**KEEPALIVES)
                self._connection.execute(_SESSION)

    def _value(self, query: str, *values: object) -> Any:
        """The first value of the first row; None where there is no row."""
        row = self._row(query, *values)
        return None if row is None else row[0]

    def _row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        if self._connection is None:
            raise StoreUnavailableError("The connection that holds the lease is lost.")
        with _facts():
            return self._connection.execute(query.encode(), values).fetchone()

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


@contextmanager
def _facts() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise StoreUnavailableError(f"The lease cannot be asked for: {error}") from error
