"""The table of deadlines."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table, UniqueConstraint

from slipstream.store.tables import SERIAL, TIME, metadata

deadline = Table(
    "deadline",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("run_pk", ForeignKey("dag_run.pk", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),  # which of the DAG's
    Column("name", String),
    Column("queued_at", TIME),  # when the run was queued that it was reckoned for
    Column("due_at", TIME, nullable=False),
    Column("missed_at", TIME),
    Column("met_at", TIME),
    UniqueConstraint("run_pk", "position"),
    sqlite_autoincrement=True,
)
"""By when runs have to be done. One is open until it is missed, or the run has ended before."""
