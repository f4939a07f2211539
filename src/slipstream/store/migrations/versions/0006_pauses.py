"""Why a DAG was paused is kept, where nobody did it by hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "dag_pause",
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_id"], ["dag.dag_id"], name="fk_dag_pause_dag_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dag_id", name="pk_dag_pause"),
    )
