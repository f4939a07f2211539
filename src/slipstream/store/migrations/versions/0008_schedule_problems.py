"""Why it is not known when a DAG runs next is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column."""
    op.add_column("dag", sa.Column("schedule_problem", sa.Text(), nullable=True))
