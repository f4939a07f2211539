"""The database itself: its schema, what may be thrown away."""

from __future__ import annotations

from contextlib import AbstractContextManager
from copy import copy
from typing import Self

from sqlalchemy import text

from slipstream.store import schema
from slipstream.store.archives import ArchiveVerbs
from slipstream.store.clean import CleanVerbs
from slipstream.store.leases import Holder, Lease


class AdminVerbs(CleanVerbs, ArchiveVerbs):
    """Schema and upkeep."""

    def migrate(self, to: str | None = None, *, by_files: bool = False) -> None:
        """Bring the schema to this version's; also creates it. Safe to call at any time."""
        if self.schema_revision() == (to or schema.HEAD):
            return
        with self._database.setup_lock():
            schema.migrate(self._database, to, by_files=by_files)

    def downgrade(self, to: str) -> None:
        """Take the schema back to an earlier revision."""
        with self._database.setup_lock():
            schema.downgrade(self._database, to)

    def migration_sql(self, since: str | None, to: str | None) -> str:
        """What brings a schema from one revision to another, as SQL."""
        from slipstream.store.migrations.run import as_sql

        return as_sql(self._database.dialect, since, to or schema.HEAD)

    def check(self) -> None:
        """Raises `slipstream.store.errors.StoreUnavailableError` where it cannot be reached."""
        with self._database.read() as transaction:
            transaction.execute(text("SELECT 1"))

    def schema_revision(self) -> str | None:
        """The schema's revision, or None for an empty database."""
        return schema.revision(self._database)

    def reset(self, *, creates: bool = True, by_files: bool = False) -> None:
        """Drop everything, archives included, and create it anew."""
        with self._database.setup_lock():
            schema.drop(self._database)
            if creates:
                schema.migrate(self._database, by_files=by_files)

    def at_once(self) -> AbstractContextManager[None]:
        """One transaction of all that this thread reads and writes in here; see `Database`."""
        return self._database.at_once()

    def lease(self, name: str, holder: Holder) -> Lease | None:
        """A wait for, or hold on, that name; None where a database is one machine's alone."""
        return self._database.lease(name, holder)

    def under(self, name: str, epoch: int) -> Self:
        """The same store, in which nothing is written once a later term of `name` has begun."""
        bound = copy(self)
        bound._database = self._database.under(name, epoch)
        return bound

    def close(self) -> None:
        """Give back every connection."""
        self._database.close()
