"""Runs are found by when they ended."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Create the index."""
    op.create_index("ix_dag_run_end_date", "dag_run", ["end_date"], unique=False)
