"""Putting a store together from its database, its keys and its object store."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from slipstream.store.admin import AdminVerbs
from slipstream.store.apply import ApplyVerbs
from slipstream.store.crypto import SecretBox
from slipstream.store.dags import DagVerbs
from slipstream.store.database import Database
from slipstream.store.errors import UnsupportedUrlError
from slipstream.store.interface import Store
from slipstream.store.marks import MarkVerbs
from slipstream.store.objects import open_objects
from slipstream.store.parsed import ParsedVerbs
from slipstream.store.pools import PoolVerbs
from slipstream.store.runs import RunVerbs
from slipstream.store.scheduling import SchedulingVerbs
from slipstream.store.sealed import SecretVerbs
from slipstream.store.settings import SettingsVerbs
from slipstream.store.times import Clock, utc_now
from slipstream.store.xcoms import XComVerbs


class SqlStore(
    ApplyVerbs,
    SchedulingVerbs,
    ParsedVerbs,
    MarkVerbs,
    DagVerbs,
    RunVerbs,
    XComVerbs,
    SettingsVerbs,
    PoolVerbs,
    SecretVerbs,
    AdminVerbs,
):
    """All verbs on one SQL database."""


def connect(
    url: str,
    *,
    fernet_keys: Sequence[str],
    xcom_url: str,
    xcom_threshold_bytes: int,
    pool_size: int,
    dags_paused_at_creation: bool,
    cached_versions: int,
    clock: Clock | None,
) -> Store:
    """See `slipstream.store.open_store`."""
    return SqlStore(
        database=open_database(_parsed(url), connections=pool_size),
        box=SecretBox(fernet_keys),
        objects=open_objects(xcom_url),
        xcom_threshold_bytes=xcom_threshold_bytes,
        clock=clock or utc_now,
        dags_paused_at_creation=dags_paused_at_creation,
        cached_versions=cached_versions,
    )


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise UnsupportedUrlError(f"{url!r} is no database URL: {error}") from error


def open_database(url: URL, *, connections: int) -> Database:
    """The database at a URL. Raises `UnsupportedUrlError`."""
    match url.get_backend_name():
        case "sqlite":
            from slipstream.store.dialects.sqlite import SQLiteDatabase

            return SQLiteDatabase(url.set(drivername="sqlite"), readers=connections)
        case "postgresql" | "postgres":
            try:
                from slipstream.store.dialects.postgres import PostgresDatabase
            except ImportError as error:
                raise UnsupportedUrlError(
                    "PostgreSQL needs the package psycopg: install `slipstream[postgres]`."
                ) from error

            return PostgresDatabase(
                url.set(drivername="postgresql+psycopg"), connections=connections
            )
        case other:
            raise UnsupportedUrlError(
                f"The store does not work on {other!r}: give an sqlite:// or a postgresql:// URL."
            )
