"""Assets start runs: their events, who mentions them, and what waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables. What DAGs mention is kept with their next versions."""
    op.create_table(
        "asset",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("uri", sa.String(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("name", "uri", name="uq_asset_name_uri"),
        sa.PrimaryKeyConstraint("pk", name="pk_asset"),
    )
    op.create_index("ix_asset_uri", "asset", ["uri"], unique=False)
    op.create_table(
        "asset_alias",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.UniqueConstraint("name", name="uq_asset_alias_name"),
        sa.PrimaryKeyConstraint("pk", name="pk_asset_alias"),
    )
    op.create_table(
        "asset_alias_member",
        sa.Column("alias_pk", SERIAL, nullable=False),
        sa.Column("asset_pk", SERIAL, nullable=False),
        sa.ForeignKeyConstraint(
            ["alias_pk"],
            ["asset_alias.pk"],
            name="fk_asset_alias_member_alias_pk",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["asset_pk"], ["asset.pk"], name="fk_asset_alias_member_asset_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("alias_pk", "asset_pk", name="pk_asset_alias_member"),
    )
    op.create_index(
        "ix_asset_alias_member_asset_pk", "asset_alias_member", ["asset_pk"], unique=False
    )
    op.create_table(
        "asset_reference",
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("asset_pk", SERIAL, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_pk"], ["asset.pk"], name="fk_asset_reference_asset_pk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["dag_id"], ["dag.dag_id"], name="fk_asset_reference_dag_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "dag_id", "role", "task_id", "kind", "target", name="pk_asset_reference"
        ),
    )
    op.create_index("ix_asset_reference_asset_pk", "asset_reference", ["asset_pk"], unique=False)
    op.create_index(
        "ix_asset_reference_kind_target", "asset_reference", ["kind", "target"], unique=False
    )
    op.create_table(
        "asset_event",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("asset_pk", SERIAL, nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.Column("source_dag_id", sa.String(), nullable=True),
        sa.Column("source_run_id", sa.String(), nullable=True),
        sa.Column("source_task_id", sa.String(), nullable=True),
        sa.Column("source_map_index", sa.Integer(), nullable=False),
        sa.Column("partition_key", sa.String(), nullable=True),
        sa.Column("partition_date", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asset_pk"], ["asset.pk"], name="fk_asset_event_asset_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_asset_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_asset_event_asset_pk_pk", "asset_event", ["asset_pk", "pk"], unique=False)
    op.create_index("ix_asset_event_source_dag_id", "asset_event", ["source_dag_id"], unique=False)
    op.create_index("ix_asset_event_timestamp", "asset_event", ["timestamp"], unique=False)
    op.create_table(
        "asset_event_alias",
        sa.Column("event_pk", SERIAL, nullable=False),
        sa.Column("alias_pk", SERIAL, nullable=False),
        sa.ForeignKeyConstraint(
            ["alias_pk"],
            ["asset_alias.pk"],
            name="fk_asset_event_alias_alias_pk",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["event_pk"],
            ["asset_event.pk"],
            name="fk_asset_event_alias_event_pk",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("event_pk", "alias_pk", name="pk_asset_event_alias"),
    )
    op.create_index(
        "ix_asset_event_alias_alias_pk", "asset_event_alias", ["alias_pk"], unique=False
    )
    op.create_table(
        "asset_consumer",
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.Column("seen_event_pk", sa.BigInteger(), nullable=False),
        sa.Column("partitioning", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_id"], ["dag.dag_id"], name="fk_asset_consumer_dag_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dag_id", name="pk_asset_consumer"),
    )
    op.create_table(
        "asset_queue",
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.Column("asset_pk", SERIAL, nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_pk"], ["asset.pk"], name="fk_asset_queue_asset_pk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["dag_id"], ["asset_consumer.dag_id"], name="fk_asset_queue_dag_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dag_id", "asset_pk", name="pk_asset_queue"),
    )
    op.create_index("ix_asset_queue_asset_pk", "asset_queue", ["asset_pk"], unique=False)
    op.create_table(
        "partition_queue",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.Column("event_pk", SERIAL, nullable=False),
        sa.Column("target_key", sa.String(), nullable=True),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_id"],
            ["asset_consumer.dag_id"],
            name="fk_partition_queue_dag_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["event_pk"], ["asset_event.pk"], name="fk_partition_queue_event_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_partition_queue"),
    )
    op.create_index("ix_partition_queue_dag_id", "partition_queue", ["dag_id"], unique=False)
    op.create_index("ix_partition_queue_event_pk", "partition_queue", ["event_pk"], unique=False)
    op.create_table(
        "run_asset_event",
        sa.Column("run_pk", SERIAL, nullable=False),
        sa.Column("event_pk", SERIAL, nullable=False),
        sa.ForeignKeyConstraint(
            ["event_pk"], ["asset_event.pk"], name="fk_run_asset_event_event_pk", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_pk"], ["dag_run.pk"], name="fk_run_asset_event_run_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_pk", "event_pk", name="pk_run_asset_event"),
    )
    op.create_index("ix_run_asset_event_event_pk", "run_asset_event", ["event_pk"], unique=False)
    op.create_table(
        "dag_warning",
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.Column("warning_type", sa.String(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_id"], ["dag.dag_id"], name="fk_dag_warning_dag_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dag_id", "warning_type", name="pk_dag_warning"),
    )
