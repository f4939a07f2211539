"""Putting a store together from its database, its keys and its object store."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from slipstream.store.accounts import AccountVerbs
from slipstream.store.admin import AdminVerbs
from slipstream.store.apply import ApplyVerbs
from slipstream.store.asset_listing import AssetListingVerbs
from slipstream.store.asset_queues import AssetQueueVerbs
from slipstream.store.backfills import BackfillVerbs
from slipstream.store.callbacks import CallbackVerbs
from slipstream.store.components import ComponentVerbs
from slipstream.store.crypto import SecretBox
from slipstream.store.dags import DagVerbs
from slipstream.store.database import Database
from slipstream.store.deadlines import DeadlineVerbs
from slipstream.store.deferrals import DeferralVerbs
from slipstream.store.errors import UnsupportedUrlError
from slipstream.store.event_log import EventLogVerbs
from slipstream.store.history import HistoryVerbs
from slipstream.store.inputs import InputVerbs
from slipstream.store.interface import Store
from slipstream.store.kept_state import KeptStateVerbs
from slipstream.store.marks import MarkVerbs
from slipstream.store.objects import open_objects
from slipstream.store.overviews import OverviewVerbs
from slipstream.store.parsed import ParsedVerbs
from slipstream.store.pools import PoolVerbs
from slipstream.store.roles import RoleVerbs
from slipstream.store.runs import RunVerbs
from slipstream.store.scheduling import SchedulingVerbs
from slipstream.store.sealed import SecretVerbs
from slipstream.store.settings import SettingsVerbs
from slipstream.store.teams import TeamVerbs
from slipstream.store.times import Clock, utc_now
from slipstream.store.triggerers import TriggererVerbs
from slipstream.store.xcoms import XComVerbs


class SqlStore(
    ApplyVerbs,
    CallbackVerbs,
    SchedulingVerbs,
    ParsedVerbs,
    BackfillVerbs,
    DeadlineVerbs,
    MarkVerbs,
    DagVerbs,
    RunVerbs,
    OverviewVerbs,
    DeferralVerbs,
    TriggererVerbs,
    InputVerbs,
    EventLogVerbs,
    XComVerbs,
    KeptStateVerbs,
    AssetQueueVerbs,
    AssetListingVerbs,
    SettingsVerbs,
    TeamVerbs,
    PoolVerbs,
    SecretVerbs,
    AccountVerbs,
    RoleVerbs,
    HistoryVerbs,
    ComponentVerbs,
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
    schema: str,
    dags_paused_at_creation: bool,
    cached_versions: int,
    clock: Clock | None,
) -> Store:
    """See `slipstream.store.open_store`."""
    return SqlStore(
        database=open_database(_parsed(url), connections=pool_size, schema=schema),
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
    except (ArgumentError, ValueError):
        # Neither the text nor the error is shown: there may be a password in them.
        raise UnsupportedUrlError(
            "The database URL ([database] sql_alchemy_conn) cannot be read: expected "
            "postgresql://USER:PASSWORD@HOST:PORT/DATABASE or sqlite:////ABSOLUTE/PATH, with "
            "%-escapes for special characters in the password."
        ) from None


def open_database(url: URL, *, connections: int, schema: str = "") -> Database:
    """The database at a URL. Raises `UnsupportedUrlError`."""
    match url.get_backend_name():
        case "sqlite":
            from slipstream.store.dialects.sqlite import SQLiteDatabase

            return SQLiteDatabase(url.set(drivername="sqlite"), readers=connections)
        case "postgresql" | "postgres":
            try:
                from slipstream.store.dialects.postgres import PostgresDatabase
                from slipstream.store.dialects.postgres_url import postgres_url
            except ImportError as error:
                raise UnsupportedUrlError(
                    "PostgreSQL needs the package psycopg: install `slipstream[postgres]`."
                ) from error

            return PostgresDatabase(postgres_url(url, schema), connections=connections)
        case other:
            raise UnsupportedUrlError(
                f"The store does not work on {other!r}: give an sqlite:// or a postgresql:// URL."
            )
