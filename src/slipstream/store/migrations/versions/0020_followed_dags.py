"""Triggerers are told of what happens in the DAGs that their triggers wait for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "followed_dag",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("triggerer_pk", sa.BigInteger(), nullable=False),
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.UniqueConstraint("triggerer_pk", "dag_id", name="uq_followed_dag_triggerer_pk_dag_id"),
        sa.PrimaryKeyConstraint("pk", name="pk_followed_dag"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_followed_dag_dag_id", "followed_dag", ["dag_id"], unique=False)
