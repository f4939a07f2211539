"""What the store offers of the database itself; see `interface`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, Self

from slipstream.store.leases import Holder, Lease


class AdminStore(Protocol):
    """The database itself."""

    def migrate(self, to: str | None = None, *, by_files: bool = False) -> None:
        """Bring the schema to this version's; also creates it. Safe to call at any time.

        `to` is an earlier revision to stop at; then, and with `by_files`, a new database is made
        by the migrations. Raises `InvalidInputError` for one that there is not, or that the
        database is past.
        """

    def downgrade(self, to: str) -> None:
        """Take the schema back to an earlier revision, with the loss of what only later ones hold.
        Raises `InvalidInputError` for one that is not earlier."""

    def migration_sql(self, since: str | None, to: str | None) -> str:
        """What brings a schema from one revision to another, as SQL; an earlier `to` takes it back.
        None is an empty database, and this version's schema."""

    def check(self) -> None:
        """Raises `slipstream.store.errors.StoreUnavailableError` where it cannot be reached."""

    def schema_revision(self) -> str | None:
        """The schema's revision, or None for an empty database."""

    def reset(self, *, creates: bool = True, by_files: bool = False) -> None:
        """Drop everything, archives included, and create it anew."""

    def clean(
        self,
        before: datetime,
        *,
        tables: Sequence[str] | None,
        dry_run: bool,
        dag_ids: Collection[str] = (),
        exclude_dag_ids: Collection[str] = (),
        batch_size: int | None = None,
        archive: bool = False,
    ) -> Mapping[str, int]:
        """Remove what ended before that moment; `{table: rows}`. None is everything that can be
        cleaned; an unknown table is an `InvalidInputError`. See `slipstream.store.clean`."""

    def list_archives(self, tables: Sequence[str] | None) -> Sequence[str]:
        """The names of what `clean` has kept of these tables; None is of all."""

    def read_archive(self, name: str) -> Iterator[Sequence[object]]:
        """The names of its columns, then its rows."""

    def drop_archives(self, names: Sequence[str]) -> None:
        """Remove archives for ever."""

    def at_once(self) -> AbstractContextManager[None]:
        """One transaction of all that this thread reads and writes in here. Raises
        `slipstream.store.errors.WouldWaitError` instead of waiting for another writer."""

    def lease(self, name: str, holder: Holder) -> Lease | None:
        """A wait for, or hold on, that name; None where a database is one machine's alone."""

    def under(self, name: str, epoch: int) -> Self:
        """The same store, in which nothing is written once a later term of `name` has begun:
        then its verbs raise `slipstream.store.leases.LeaseLostError`. It needs no closing."""

    def close(self) -> None:
        """Give back every connection."""
