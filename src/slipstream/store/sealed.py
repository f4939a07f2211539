"""The deployment's own secrets, and the rotation of the key that seals them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Column, Table, insert, select, update

from slipstream.store import tables
from slipstream.store.access_tables import account
from slipstream.store.database import Transaction
from slipstream.store.errors import ConstraintViolatedError
from slipstream.store.parts import StoreParts
from slipstream.store.trigger_tables import trigger_order

_SEALED: Sequence[tuple[Table, Column[str]]] = (
    (tables.variable, tables.variable.c.value),
    (tables.connection, tables.connection.c.password),
    (tables.connection, tables.connection.c.extra),
    (tables.secret_key, tables.secret_key.c.value),
    (account, account.c.totp_secret),
    (tables.deferral, tables.deferral.c.kwargs),
    (tables.deferral, tables.deferral.c.next_kwargs),
    (tables.deferral, tables.deferral.c.event),
    (trigger_order, trigger_order.c.content),
    (trigger_order, trigger_order.c.result),
)
"""Every column whose texts are sealed."""


class SecretVerbs(StoreParts):
    """Secret keys and encryption."""

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
