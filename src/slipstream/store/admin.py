"""The database itself: its schema, its health, what may be thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Self

from sqlalchemy import select, text

from slipstream.store import schema, tables
from slipstream.store.clean import CleanVerbs
from slipstream.store.leases import Holder, Lease
from slipstream.store.records import ComponentHealth
from slipstream.store.times import from_micros


class AdminVerbs(CleanVerbs):
    """Schema, health and upkeep."""

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

    def health(self) -> Sequence[ComponentHealth]:
        """What the components last said."""
        beat = tables.heartbeat.c
        query = select(beat.job, beat.hostname, beat.pid, beat.latest).order_by(
            beat.job, beat.latest.desc()
        )
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        return [
            ComponentHealth(job=job, hostname=hostname, pid=pid, latest=from_micros(latest))
            for job, hostname, pid, latest in rows
        ]

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
