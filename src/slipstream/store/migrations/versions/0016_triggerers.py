"""Triggers may run in processes of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "triggerer",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hostname", sa.String(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("queues", sa.Text(), nullable=True),
        sa.UniqueConstraint("name", name="uq_triggerer_name"),
        sa.PrimaryKeyConstraint("pk", name="pk_triggerer"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "trigger_order",
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("triggerer_pk", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_trigger_order"),
    )
    op.create_index(
        "ix_trigger_order_triggerer_pk", "trigger_order", ["triggerer_pk", "state"], unique=False
    )
