"""Backfills and their dates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, and let runs name their backfill."""
    op.add_column("dag_run", sa.Column("backfill_pk", sa.BigInteger(), nullable=True))
    op.create_table(
        "backfill",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.Column("from_date", sa.BigInteger(), nullable=False),
        sa.Column("to_date", sa.BigInteger(), nullable=False),
        sa.Column("conf", sa.Text(), nullable=True),
        sa.Column("reprocess", sa.String(), nullable=False),
        sa.Column("max_active_runs", sa.Integer(), nullable=False),
        sa.Column("run_backwards", sa.Boolean(), nullable=False),
        sa.Column("on_latest_version", sa.Boolean(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("triggering_user", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(reprocess = 'failed' OR reprocess = 'completed' OR reprocess = 'none')",
            name="ck_backfill_reprocess",
        ),
        sa.CheckConstraint("max_active_runs > 0", name="ck_backfill_max_active_runs"),
        sa.ForeignKeyConstraint(
            ["dag_id"], ["dag.dag_id"], name="fk_backfill_dag_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_backfill"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_backfill_dag_id", "backfill", ["dag_id"])
    active = sa.text("completed_at IS NULL")
    op.create_index(
        "uq_backfill_active",
        "backfill",
        ["dag_id"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )
    op.create_table(
        "backfill_date",
        sa.Column("backfill_pk", SERIAL, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("run_after", sa.BigInteger(), nullable=False),
        sa.Column("interval_start", sa.BigInteger(), nullable=True),
        sa.Column("interval_end", sa.BigInteger(), nullable=True),
        sa.Column("partition_key", sa.String(), nullable=True),
        sa.Column("partition_date", sa.BigInteger(), nullable=True),
        sa.Column("run_pk", SERIAL, nullable=True),
        sa.Column("skip", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["backfill_pk"],
            ["backfill.pk"],
            name="fk_backfill_date_backfill_pk",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_pk"], ["dag_run.pk"], name="fk_backfill_date_run_pk", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("backfill_pk", "ordinal", name="pk_backfill_date"),
    )
    op.create_index("ix_backfill_date_run_pk", "backfill_date", ["run_pk"])
