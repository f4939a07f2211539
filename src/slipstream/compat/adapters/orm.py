"""What providers write their own tables with: a base, names of constraints, column types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import TIMESTAMP, MetaData, String
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator

naming_convention = {
    "ix": "idx_%(column_0_N_label)s",
    "uq": "%(table_name)s_%(column_0_N_name)s_uq",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}
"""How constraints without a name are called."""

ID_LEN = 250
COLLATION_ARGS: dict[str, str] = {}


def _get_schema() -> str | None:
    """The schema of the database in which tables are; None is the usual one."""
    from slipstream.sdk import conf

    return conf.get("database", "sql_alchemy_schema", fallback=None) or None


metadata = MetaData(naming_convention=naming_convention)
Base: Any = registry(metadata=metadata).generate_base()
"""The base of tables that are in none of our databases."""


def StringID(*, length: int = ID_LEN, **kwargs: Any) -> String:
    """The type of a column that holds an id."""
    return String(length=length, **kwargs)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware moments, in UTC whatever the database gives."""

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """A moment for the database. Raises ValueError for one without a time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; give an aware moment.")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name in ("sqlite", "mysql") else moment

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """A moment from the database."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
