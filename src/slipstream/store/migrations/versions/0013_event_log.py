"""What people have done: the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "event_log",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("when", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("dag_id", sa.String(), nullable=True),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("task_id", sa.String(), nullable=True),
        sa.Column("map_index", sa.Integer(), nullable=True),
        sa.Column("try_number", sa.Integer(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_event_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_log_when", "event_log", ["when"], unique=False)
    op.create_index("ix_event_log_dag_id_run_id", "event_log", ["dag_id", "run_id"], unique=False)
