"""What tasks ask people, and the answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "hitl_detail",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("run_pk", SERIAL, nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("defaults", sa.Text(), nullable=True),
        sa.Column("multiple", sa.Boolean(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("assigned_users", sa.Text(), nullable=False),
        sa.Column("chosen_options", sa.Text(), nullable=True),
        sa.Column("params_input", sa.Text(), nullable=False),
        sa.Column("responded_at", sa.BigInteger(), nullable=True),
        sa.Column("responded_by_id", sa.String(), nullable=True),
        sa.Column("responded_by_name", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_pk"], ["dag_run.pk"], name="fk_hitl_detail_run_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_hitl_detail"),
        sa.UniqueConstraint(
            "run_pk",
            "task_id",
            "map_index",
            "try_number",
            name="uq_hitl_detail_run_pk_task_id_map_index_try_number",
        ),
    )
    op.create_index("ix_hitl_detail_attempt_id", "hitl_detail", ["attempt_id"], unique=False)
    op.create_index(
        "ix_hitl_detail_responded_at_created_at",
        "hitl_detail",
        ["responded_at", "created_at"],
        unique=False,
    )
