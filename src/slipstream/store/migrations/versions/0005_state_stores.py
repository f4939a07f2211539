"""Tasks remember: of themselves across tries, of assets across runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "task_state_store",
        sa.Column("run_pk", SERIAL, nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("map_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_pk"], ["dag_run.pk"], name="fk_task_state_store_run_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "run_pk", "task_id", "map_index", "key", name="pk_task_state_store"
        ),
    )
    op.create_index(
        "ix_task_state_store_expires_at", "task_state_store", ["expires_at"], unique=False
    )
    op.create_table(
        "asset_state_store",
        sa.Column("asset_name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("asset_uri", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("writer_kind", sa.String(), nullable=False),
        sa.Column("dag_id", sa.String(), nullable=True),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("task_id", sa.String(), nullable=True),
        sa.Column("map_index", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("asset_name", "key", name="pk_asset_state_store"),
    )
    op.create_index(
        "ix_asset_state_store_asset_uri", "asset_state_store", ["asset_uri"], unique=False
    )
