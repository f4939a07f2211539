"""The present moment as the database tells it, in the words of each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

SQLITE = "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000"
POSTGRES = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"


class now_micros(GenericFunction[int]):  # noqa: N801  # written like the functions beside it
    """Microseconds since 1970: the statement that writes a row says when it did, and no value has
    to be handed to it."""

    type = BigInteger()
    inherit_cache = True


@compiles(now_micros, "sqlite")
def _in_sqlite(_element: now_micros, _compiler: Any, **_options: Any) -> str:
    return SQLITE


@compiles(now_micros, "postgresql")
def _in_postgres(_element: now_micros, _compiler: Any, **_options: Any) -> str:
    return POSTGRES
