"""How often tasks of a run were cleared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column. Runs that were cleared before begin to count anew."""
    op.add_column(
        "dag_run", sa.Column("clear_number", sa.Integer(), nullable=False, server_default="0")
    )
