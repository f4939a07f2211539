"""Runs may be about a partition."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns. Runs that there are are about none."""
    op.add_column("dag_run", sa.Column("partition_key", sa.String(), nullable=True))
    op.add_column("dag_run", sa.Column("partition_date", sa.BigInteger(), nullable=True))
    present = sa.text("partition_key IS NOT NULL")
    op.create_index(
        "ix_dag_run_partition_key",
        "dag_run",
        ["partition_key"],
        sqlite_where=present,
        postgresql_where=present,
    )
