"""Assets, what is said of their updates, and what their events have queued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED


class AssetName(NamedTuple):
    """What tells an asset from all others."""

    name: str
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetUpdate:
    """That an asset was updated, as its producer says it: every one becomes an event.

    One of `name` and `uri` may be missing where the producer knows the other alone.
    """

    name: str | None = None
    uri: str | None = None
    extra: Mapping[str, JsonValue] = field(default_factory=dict)
    partition_key: str | None = None
    """None: the partition of the producer's run, if that has one."""
    aliases: tuple[str, ...] = ()
    """The aliases through which the asset was found; then it may be a new one."""
    asset_extra: Mapping[str, JsonValue] = field(default_factory=dict)
    """The asset's own extra, for one that is new."""
    group: str = "asset"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetEvent:
    """One update of one asset, recorded."""

    pk: int
    """Events are numbered in the order in which they were recorded."""
    asset_pk: int
    name: str
    uri: str
    group: str = "asset"
    extra: Mapping[str, JsonValue] = field(default_factory=dict)
    timestamp: datetime
    source_dag_id: str | None = None
    source_run_id: str | None = None
    source_task_id: str | None = None
    source_map_index: int = UNMAPPED
    partition_key: str | None = None
    partition_date: datetime | None = None
    """The partition date of the run that updated the asset, where the event has its partition."""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueuedAsset:
    """An asset that was updated since a DAG's last run by assets."""

    asset_pk: int
    asset: AssetName
    queued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedPartition:
    """An event that waits for the rest of a partition of the DAG that waits for it."""

    pk: int
    event_pk: int
    asset: AssetName
    source_key: str
    """The partition of the event."""
    source_date: datetime | None = None
    queued_at: datetime
    target_key: str | None = None
    """The partition of the DAG that it belongs to; None until that was worked out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetQueue:
    """Everything that waits to start a run of one DAG."""

    assets: Sequence[QueuedAsset] = ()
    partitions: Sequence[QueuedPartition] = ()
    """In the order of their events."""
    members: Mapping[str, Sequence[AssetName]] = field(default_factory=dict)
    """`{alias: the assets that were found through it}`, of the aliases in the DAG's schedule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherSpec:
    """A trigger that watches an asset from outside; every event of it is one of the asset."""

    name: str
    classpath: str
    kwargs: str = field(default="{}", repr=False)
    """JSON text, as `wire.values` encodes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetSpec:
    """An asset as a DAG file declares it."""

    name: str
    uri: str
    group: str = "asset"
    extra: Mapping[str, JsonValue] = field(default_factory=dict)
    watchers: tuple[WatcherSpec, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetMention:
    """That a DAG waits for an asset, or a task of it updates or reads it."""

    dag_id: str
    task_id: str = ""
    """Empty for the schedule."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetAliasRecord:
    """An alias as the deployment knows it."""

    pk: int
    name: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherRecord:
    """A watcher as the deployment knows it."""

    pk: int
    name: str
    created_at: datetime
    problem: str | None = None
    """Why it does not watch at the moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRecord:
    """An asset as the deployment knows it, and who mentions it."""

    pk: int
    name: str
    uri: str
    group: str
    extra: Mapping[str, JsonValue]
    created_at: datetime
    updated_at: datetime
    is_active: bool
    scheduled: Sequence[AssetMention] = ()
    producing: Sequence[AssetMention] = ()
    consuming: Sequence[AssetMention] = ()
    aliases: Sequence[AssetAliasRecord] = ()
    watchers: Sequence[WatcherRecord] = ()
    last_event_pk: int | None = None
    last_event_at: datetime | None = None
