"""Bringing a database's schema to this version's.

Alembic takes half a second to import, so it comes in only where a schema that already holds data
has to change. A fresh database gets the tables as they are defined and is stamped with the revision
that they amount to.
"""

from __future__ import annotations

from sqlalchemy import insert, inspect, select

from slipstream.store import tables
from slipstream.store.database import Database, Transaction
from slipstream.store.errors import SchemaMismatchError
from slipstream.store.pools import DEFAULT_POOL

HEAD = "0001"
"""The revision that `tables` stands for: the newest migration."""

DEFAULT_POOL_SLOTS = 128


def revision(database: Database) -> str | None:
    """The schema's revision, or None for a database without one."""
    with database.read() as transaction:
        return _revision(transaction)


def _revision(transaction: Transaction) -> str | None:
    if not inspect(transaction.connection).has_table(tables.schema_revision.name):
        return None
    found: str | None = transaction.value(select(tables.schema_revision.c.version_num))
    return found


def migrate(database: Database) -> None:
    """Create or change the schema in one transaction. The caller holds the setup lock."""
    with database.write() as transaction:
        found = _revision(transaction)
        if found is None:
            _create(transaction)
        elif found > HEAD:
            raise SchemaMismatchError(
                f"The database is at schema {found!r} and this version of slipstream knows only "
                f"those up to {HEAD!r}: use the version that migrated it, or a later one."
            )
        elif found != HEAD:
            from slipstream.store.migrations.run import upgrade

            upgrade(transaction)


def drop(database: Database) -> None:
    """Remove every table. The caller holds the setup lock."""
    with database.write() as transaction:
        tables.metadata.drop_all(transaction.connection)


def _create(transaction: Transaction) -> None:
    tables.restrict_partial_indexes(transaction.connection.dialect.name)
    tables.metadata.create_all(transaction.connection)
    transaction.execute(insert(tables.schema_revision), [{"version_num": HEAD}])
    pool = {
        "name": DEFAULT_POOL,
        "slots": DEFAULT_POOL_SLOTS,
        "description": "Where tasks go that name no pool.",
        "include_deferred": False,
    }
    transaction.execute(insert(tables.pool), [pool])
