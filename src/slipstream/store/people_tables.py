"""The tables of what people are asked and do; see `tables`."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from slipstream.store.tables import SERIAL, TIME, metadata

hitl_detail = Table(
    "hitl_detail",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("run_pk", ForeignKey("dag_run.pk", ondelete="CASCADE"), nullable=False),
    Column("task_id", String, nullable=False),
    Column("map_index", Integer, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("attempt_id", String, nullable=False, index=True),
    Column("created_at", TIME, nullable=False),
    Column("subject", Text, nullable=False),
    Column("options", Text, nullable=False),  # JSON, as all that are no plain texts
    Column("body", Text),
    Column("defaults", Text),
    Column("multiple", Boolean, nullable=False),
    Column("params", Text, nullable=False),
    Column("assigned_users", Text, nullable=False),
    Column("chosen_options", Text),
    Column("params_input", Text, nullable=False),
    Column("responded_at", TIME),
    Column("responded_by_id", String),
    Column("responded_by_name", String),
    UniqueConstraint("run_pk", "task_id", "map_index", "try_number"),
    Index("ix_hitl_detail_responded_at_created_at", "responded_at", "created_at"),
)
"""What tries of task instances have asked people, and the answers."""

event_log = Table(
    "event_log",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("when", TIME, nullable=False, index=True),
    Column("event", String, nullable=False),
    Column("owner", String),
    Column("door", String, nullable=False),
    Column("address", String),
    Column("dag_id", String),
    Column("run_id", String),
    Column("task_id", String),
    Column("map_index", Integer),
    Column("try_number", Integer),
    Column("details", Text, nullable=False),  # JSON object
    Index("ix_event_log_dag_id_run_id", "dag_id", "run_id"),
    sqlite_autoincrement=True,
)
"""What people have done. It outlives what they did it to."""
