"""The tables of assets: what mentions them, their events, and what waits for those."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from slipstream.store.tables import SERIAL, TIME, metadata

asset = Table(
    "asset",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("name", String, nullable=False),
    Column("uri", String, nullable=False, index=True),
    Column("group_name", String, nullable=False),
    Column("extra", Text, nullable=False),  # JSON object
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Column("is_active", Boolean, nullable=False),
    UniqueConstraint("name", "uri"),
)
"""Data that DAGs update and wait for. Of the active ones, no two share a name or a URI."""

asset_alias = Table(
    "asset_alias",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("group_name", String, nullable=False),
)

asset_alias_member = Table(
    "asset_alias_member",
    metadata,
    Column("alias_pk", ForeignKey("asset_alias.pk", ondelete="CASCADE"), primary_key=True),
    Column("asset_pk", ForeignKey("asset.pk", ondelete="CASCADE"), primary_key=True, index=True),
)
"""The assets that were found through an alias."""

asset_reference = Table(
    "asset_reference",
    metadata,
    Column("dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), primary_key=True),
    Column("role", String, primary_key=True),  # schedule, inlet or outlet
    Column("task_id", String, primary_key=True),  # empty for the schedule
    Column("kind", String, primary_key=True),  # asset, alias, or a reference by name or uri
    Column("target", String, primary_key=True),  # the asset's number, the alias, name or URI
    Column("asset_pk", ForeignKey("asset.pk", ondelete="CASCADE"), index=True),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Index("ix_asset_reference_kind_target", "kind", "target"),
)
"""What the latest versions of the DAGs say of assets."""

asset_event = Table(
    "asset_event",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("asset_pk", ForeignKey("asset.pk", ondelete="CASCADE"), nullable=False),
    Column("timestamp", TIME, nullable=False, index=True),
    Column("extra", Text, nullable=False),  # JSON object
    Column("source_dag_id", String, index=True),
    Column("source_run_id", String),
    Column("source_task_id", String),
    Column("source_map_index", Integer, nullable=False),
    Column("partition_key", String),
    Column("partition_date", TIME),
    Index("ix_asset_event_asset_pk_pk", "asset_pk", "pk"),
    sqlite_autoincrement=True,
)
"""Updates of assets. Whoever records one holds a lock, so that numbers are in commit order."""

asset_event_alias = Table(
    "asset_event_alias",
    metadata,
    Column("event_pk", ForeignKey("asset_event.pk", ondelete="CASCADE"), primary_key=True),
    Column("alias_pk", ForeignKey("asset_alias.pk", ondelete="CASCADE"), primary_key=True),
    Index("ix_asset_event_alias_alias_pk", "alias_pk"),
)

asset_consumer = Table(
    "asset_consumer",
    metadata,
    Column("dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), primary_key=True),
    Column("seen_event_pk", BigInteger, nullable=False),
    Column("partitioning", Text, nullable=False),  # JSON; empty where runs have no partition
)
"""DAGs that wait for assets: all events up to that number are over for them."""

asset_queue = Table(
    "asset_queue",
    metadata,
    Column("dag_id", ForeignKey("asset_consumer.dag_id", ondelete="CASCADE"), primary_key=True),
    Column("asset_pk", ForeignKey("asset.pk", ondelete="CASCADE"), primary_key=True, index=True),
    Column("queued_at", TIME, nullable=False),
)
"""Assets that were updated since a DAG's last run by assets, while it was not paused."""

partition_queue = Table(
    "partition_queue",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column(
        "dag_id",
        ForeignKey("asset_consumer.dag_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("event_pk", ForeignKey("asset_event.pk", ondelete="CASCADE"), nullable=False),
    Column("target_key", String),
    Column("queued_at", TIME, nullable=False),
    Index("ix_partition_queue_event_pk", "event_pk"),
)
"""Events that wait for the rest of a partition, once for each; without a key, not yet sorted."""

run_asset_event = Table(
    "run_asset_event",
    metadata,
    Column("run_pk", ForeignKey("dag_run.pk", ondelete="CASCADE"), primary_key=True),
    Column("event_pk", ForeignKey("asset_event.pk", ondelete="CASCADE"), primary_key=True),
    Index("ix_run_asset_event_event_pk", "event_pk"),
)
"""The events that a run was made for."""

asset_watcher = Table(
    "asset_watcher",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("asset_pk", ForeignKey("asset.pk", ondelete="CASCADE"), nullable=False),
    Column("name", String, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("problem", Text),
    UniqueConstraint("asset_pk", "name"),
)
"""What watches assets; a problem says why one does not at the moment."""
