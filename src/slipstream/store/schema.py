"""Bringing a database's schema to this version's.

Alembic takes half a second to import, so it comes in only where a schema that already holds data
has to change. A fresh database gets the tables as they are defined and is stamped with the revision
that they amount to.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import create_mock_engine, insert, select
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import ExecutableDDLElement

from slipstream.model.errors import InvalidInputError
from slipstream.store import access_tables as _access_tables  # noqa: F401 - they are tables, too
from slipstream.store import archives, people_tables, tables
from slipstream.store import asset_tables as _asset_tables  # noqa: F401 - they are tables, too
from slipstream.store import backfill_tables as _backfill_tables  # noqa: F401 - they are tables, too
from slipstream.store import component_tables as _component_tables  # noqa: F401 - they are tables
from slipstream.store import deadline_tables as _deadline_tables  # noqa: F401 - they are tables, too
from slipstream.store import lease_table as _lease_table  # noqa: F401 - it is a table, too
from slipstream.store import trigger_tables as _trigger_tables  # noqa: F401 - they are tables, too
from slipstream.store.database import Database, Transaction
from slipstream.store.errors import SchemaMismatchError
from slipstream.store.pools import DEFAULT_POOL
from slipstream.store.statements import Statement

HEAD = "0022"
"""The revision that `tables` stands for: the newest migration."""

assert people_tables.hitl_detail.metadata is tables.metadata  # All tables are of one schema.

RELEASES: Mapping[str, str] = {"0.1.0": HEAD}
"""`{version: revision}`; a release that follows writes the revision of this one out."""

DEFAULT_POOL_SLOTS = 128

_REVISION = Statement(select(tables.schema_revision.c.version_num), ())


def revision(database: Database) -> str | None:
    """The schema's revision, or None for a database without one."""
    try:
        with database.read() as transaction:
            rows = transaction.fetch(_REVISION)
    except SchemaMismatchError:
        return None
    return str(rows[0][0]) if rows else None


def migrate(database: Database, to: str | None = None, *, by_files: bool = False) -> None:
    """Create or change the schema in one transaction. The caller holds the setup lock.

    `to` is an earlier revision to stop at; then, and with `by_files`, a new database is made by the
    migrations.
    """
    found = revision(database)
    if found is not None and found > HEAD:
        raise SchemaMismatchError(
            f"The database is at schema {found!r} and this version of slipstream knows only "
            f"those up to {HEAD!r}: use the version that migrated it, or a later one."
        )
    wanted = HEAD if to is None else to
    if found == wanted:
        return
    if found is not None and found > wanted:
        raise InvalidInputError(
            f"The database is at schema {found}, which is past {wanted}: "
            f"`slipstream db downgrade --to-revision {wanted}` takes it back."
        )
    with database.write() as transaction:
        if found is None and to is None and not by_files:
            _create(transaction)
        else:
            from slipstream.store.migrations.run import upgrade

            upgrade(transaction, wanted)


def downgrade(database: Database, to: str) -> None:
    """Take the schema back in one transaction. The caller holds the setup lock."""
    found = revision(database)
    if found is None or to > found:
        at = "has no tables" if found is None else f"is at schema {found}"
        raise InvalidInputError(f"The database {at}; schema {to} is not before it.")
    from slipstream.store.migrations.run import downgrade as undo

    with database.write() as transaction:
        undo(transaction, to)


def drop(database: Database) -> None:
    """Remove every table. The caller holds the setup lock."""
    with database.write() as transaction:
        archives.drop_all(transaction)
        tables.metadata.drop_all(transaction.connection)


def _create(transaction: Transaction) -> None:
    for statement in _definitions(transaction.connection.dialect):
        transaction.connection.exec_driver_sql(statement)
    transaction.execute(insert(tables.schema_revision), [{"version_num": HEAD}])
    pool = {
        "name": DEFAULT_POOL,
        "slots": DEFAULT_POOL_SLOTS,
        "description": "Where tasks go that name no pool.",
        "include_deferred": False,
    }
    transaction.execute(insert(tables.pool), [pool])


_written: dict[str, list[str]] = {}


def _definitions(dialect: Dialect) -> list[str]:
    """The statements that create every table and index; written once in a process.

    Simulations and tests open thousands of fresh databases.
    """
    if dialect.name not in _written:
        found: list[str] = []

        def write(definition: ExecutableDDLElement, *_: object, **__: object) -> None:
            found.append(str(definition.compile(dialect=dialect)))

        tables.restrict_partial_indexes(dialect.name)
        engine = create_mock_engine(f"{dialect.name}+{dialect.driver}://", write)
        tables.metadata.create_all(engine, checkfirst=False)
        _written[dialect.name] = found
    return _written[dialect.name]
