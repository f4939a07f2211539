"""Deadlines of runs, and the callbacks that are owed for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table. Runs that are under way get their deadlines when they are read next."""
    op.create_table(
        "deadline",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("run_pk", SERIAL, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("queued_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("missed_at", sa.BigInteger(), nullable=True),
        sa.Column("met_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_pk"], ["dag_run.pk"], name="fk_deadline_run_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_deadline"),
        sa.UniqueConstraint("run_pk", "position", name="uq_deadline_run_pk_position"),
        sqlite_autoincrement=True,
    )
    op.add_column("owed_callback", sa.Column("deadline_pk", sa.BigInteger(), nullable=True))
