"""The database itself: its schema, what may be thrown away."""

from __future__ import annotations

from copy import copy
from typing import Self

from sqlalchemy import text

from slipstream.store import schema
from slipstream.store.clean import CleanVerbs
from slipstream.store.leases import Holder, Lease


class AdminVerbs(CleanVerbs):
    """Schema and upkeep."""

    def migrate(self) -> None:
        """Bring the schema to this version's; also creates it. Safe to call at any time."""
        if self.schema_revision() == schema.HEAD:
            return
        with self._database.setup_lock():
            schema.migrate(self._database)

    def check(self) -> None:
        """Raises `slipstream.store.errors.StoreUnavailableError` where it cannot be reached."""
        with self._database.read() as transaction:
            transaction.execute(text("SELECT 1"))

    def schema_revision(self) -> str | None:
        """The schema's revision, or None for an empty database."""
        return schema.revision(self._database)

    def reset(self) -> None:
        """Drop everything and create it anew."""
        with self._database.setup_lock():
            schema.drop(self._database)
            schema.migrate(self._database)

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
