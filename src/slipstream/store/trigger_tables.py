"""The tables of triggerers, of what they are given and of the DAGs that they follow."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from slipstream.store.tables import SERIAL, metadata

triggerer = Table(
    "triggerer",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("name", String, nullable=False),
    Column("hostname", String, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("mark", String, nullable=False),
    Column("capacity", Integer),
    Column("queues", Text),  # JSON list
    Column("team_name", String),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)
"""Processes that run triggers; the name is that of the lease which says that one lives."""

trigger_order = Table(
    "trigger_order",
    metadata,
    Column("attempt_id", String, primary_key=True),
    Column("triggerer_pk", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("content", Text, nullable=False),  # sealed
    Column("result", Text),  # sealed
    Index("ix_trigger_order_triggerer_pk", "triggerer_pk", "state"),
)
"""Triggers that a triggerer has been given, and what they have come to."""

followed_dag = Table(
    "followed_dag",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("triggerer_pk", BigInteger, nullable=False),
    Column("dag_id", String, nullable=False),
    Column("changes", BigInteger, nullable=False, server_default=text("0")),
    UniqueConstraint("triggerer_pk", "dag_id"),
    Index("ix_followed_dag_dag_id", "dag_id"),
    sqlite_autoincrement=True,
)
"""DAGs whose changes a triggerer wants to be told of, and how often it was."""
