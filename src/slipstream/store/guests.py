"""Tables of others in Slipstream's database: who brings some manages them by a session."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from slipstream.store import schema
from slipstream.store.dialects.postgres_url import postgres_url
from slipstream.store.tables import metadata

_BUSY_SECONDS: Final = 60


@contextmanager
def guest_session(url: str, schema_name: str = "") -> Iterator[Session]:
    """A session on the database, for as long as the block lasts."""
    engine = _engine(url, schema_name)
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


def taken_names(names: Collection[str]) -> list[str]:
    """Those of the names that tables of Slipstream have."""
    assert schema.HEAD  # With it, all modules of tables have been imported.
    return sorted(name for name in names if name in metadata.tables)


def guests_errors() -> tuple[type[Exception], ...]:
    """What migrations of others raise: errors of Alembic and of the database."""
    from alembic.util import CommandError

    return CommandError, SQLAlchemyError


def _engine(url: str, schema_name: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(postgres_url(parsed, schema_name), poolclass=NullPool)
    engine = create_engine(parsed, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(
        engine, "connect", lambda driver, _entry: driver.execute("PRAGMA foreign_keys = ON")
    )
    return engine
