"""Users, the deployment's own secrets, and the rotation of the key that seals them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Column, Table, bindparam, insert, select, update

from slipstream.store import tables
from slipstream.store.database import Transaction
from slipstream.store.errors import ConstraintViolatedError
from slipstream.store.listing import put
from slipstream.store.parts import StoreParts
from slipstream.store.statements import Statement
from slipstream.store.trigger_tables import trigger_order

_SEALED: Sequence[tuple[Table, Column[str]]] = (
    (tables.variable, tables.variable.c.value),
    (tables.connection, tables.connection.c.password),
    (tables.connection, tables.connection.c.extra),
    (tables.secret_key, tables.secret_key.c.value),
    (tables.deferral, tables.deferral.c.kwargs),
    (tables.deferral, tables.deferral.c.next_kwargs),
    (tables.deferral, tables.deferral.c.event),
    (trigger_order, trigger_order.c.content),
    (trigger_order, trigger_order.c.result),
)
"""Every column whose texts are sealed."""
_USER = Statement(
    select(tables.user_account.c.password_hash, tables.user_account.c.role).where(
        tables.user_account.c.username == bindparam("username")
    ),
    ("username",),
)


class SecretVerbs(StoreParts):
    """Users, secret keys and encryption."""

    def rotate_encryption(self) -> int:
        """Encrypt everything anew with the first key; gives the number of values."""
        with self._database.write() as transaction:
            return sum(self._rotate(transaction, table, column) for table, column in _SEALED)

    def _rotate(self, transaction: Transaction, table: Table, column: Column[str]) -> int:
        key = table.primary_key.columns[0]
        rows = transaction.rows(
            select(key, column).where(column.is_not(None)).order_by(key).with_for_update()
        )
        for name, stored in rows:
            sealed = self._box.seal(self._box.open(stored))
            transaction.execute(update(table).where(key == name).values({column.name: sealed}))
        return len(rows)

    def get_user_hash(self, username: str) -> tuple[str, str] | None:
        """`(argon2 hash, role)` of a user, or None."""
        with self._database.read() as transaction:
            rows = transaction.fetch(_USER, (username,))
        return (rows[0][0], rows[0][1]) if rows else None

    def set_user(self, username: str, password_hash: str, role: str) -> bool:
        """Create or replace; True when it was new."""
        row = {"username": username, "password_hash": password_hash, "role": role}
        with self._database.write() as transaction:
            return put(transaction, self._database.dialect, tables.user_account, row)

    def list_users(self) -> Sequence[tuple[str, str]]:
        """`(user name, role)` of all."""
        user = tables.user_account.c
        with self._database.read() as transaction:
            rows = transaction.rows(select(user.username, user.role).order_by(user.username))
        return [(username, role) for username, role in rows]

    def get_secret_key(self, name: str, create: Callable[[], str]) -> str:
        """A secret of the deployment's own (the JWT key); made and kept on first use."""
        found = self._secret_key(name)
        if found is not None:
            return found
        row = {"name": name, "value": self._box.seal(create())}
        try:
            with self._database.write() as transaction:
                transaction.execute(insert(tables.secret_key), [row])
        except ConstraintViolatedError:
            # Another process made it in the meantime: that one counts, read below.
            pass
        kept = self._secret_key(name)
        return kept if kept is not None else self._box.open(row["value"])

    def _secret_key(self, name: str) -> str | None:
        query = select(tables.secret_key.c.value).where(tables.secret_key.c.name == name)
        with self._database.read() as transaction:
            stored = transaction.value(query)
        return None if stored is None else self._box.open(stored)
