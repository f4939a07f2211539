"""The table of leases."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, String, Table

from slipstream.store.tables import metadata

lease = Table(
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("hostname", String, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("mark", String, nullable=False),
    Column("is_held", Boolean, nullable=False),
)
"""Who is in charge of what; the epoch counts the terms."""
