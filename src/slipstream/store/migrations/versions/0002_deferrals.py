"""What deferred task instances wait on, and how they go on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table. Instances that are deferred already start over: nobody waited for them."""
    op.create_table(
        "deferral",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("run_pk", SERIAL, nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("classpath", sa.String(), nullable=False),
        sa.Column("kwargs", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("timeout_at", sa.BigInteger(), nullable=True),
        sa.Column("queue", sa.String(), nullable=True),
        sa.Column("next_method", sa.String(), nullable=False),
        sa.Column("next_kwargs", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_pk"], ["dag_run.pk"], name="fk_deferral_run_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_deferral"),
        sa.UniqueConstraint(
            "run_pk", "task_id", "map_index", name="uq_deferral_run_pk_task_id_map_index"
        ),
    )
