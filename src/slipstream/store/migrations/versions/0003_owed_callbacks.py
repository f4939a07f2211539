"""Callbacks that are owed outlive the server."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "owed_callback",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("run_pk", SERIAL, nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=True),
        sa.Column("map_index", sa.Integer(), nullable=True),
        sa.Column("attempt_id", sa.String(), nullable=True),
        sa.Column("try_number", sa.Integer(), nullable=True),
        sa.Column("max_tries", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_pk"], ["dag_run.pk"], name="fk_owed_callback_run_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_owed_callback"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_owed_callback_run_pk", "owed_callback", ["run_pk"], unique=False)
