"""The tables of backfills."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
)

from slipstream.model.backfill import ReprocessBehavior
from slipstream.store.tables import SERIAL, TIME, metadata, one_of, partial_index

backfill = Table(
    "backfill",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("from_date", TIME, nullable=False),
    Column("to_date", TIME, nullable=False),
    Column("conf", Text),  # JSON object
    Column("reprocess", String, nullable=False),
    Column("max_active_runs", Integer, nullable=False),
    Column("run_backwards", Boolean, nullable=False),
    Column("on_latest_version", Boolean, nullable=False),
    Column("is_paused", Boolean, nullable=False),
    Column("triggering_user", String),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Column("completed_at", TIME),
    Column("position", Integer, nullable=False),  # the ordinal of the last date looked at
    CheckConstraint(one_of("reprocess", ReprocessBehavior), name="reprocess"),
    CheckConstraint("max_active_runs > 0", name="max_active_runs"),
    sqlite_autoincrement=True,
)
partial_index("uq_backfill_active", backfill.c.dag_id, "completed_at IS NULL", unique=True)

backfill_date = Table(
    "backfill_date",
    metadata,
    Column("backfill_pk", ForeignKey("backfill.pk", ondelete="CASCADE"), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("run_after", TIME, nullable=False),
    Column("interval_start", TIME),
    Column("interval_end", TIME),
    Column("partition_key", String),
    Column("partition_date", TIME),
    Column("run_pk", ForeignKey("dag_run.pk", ondelete="SET NULL"), index=True),
    Column("skip", String),
)
"""The dates of a backfill in its order, with the run of each once there is one."""
