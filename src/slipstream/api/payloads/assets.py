"""Assets, their aliases and their events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self, TypeVar

from pydantic import Field, model_validator

from slipstream.api.payloads.base import Instant, Payload
from slipstream.api.payloads.bodies import Body, Moment, check_interval
from slipstream.model.asset import AssetAliasRecord, AssetEvent, AssetMention, AssetRecord
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun
from slipstream.runtime.masking import redact


class DagScheduleAssetReference(Payload, frozen=True, kw_only=True):
    """That a DAG waits for an asset."""

    dag_id: str
    created_at: Instant
    updated_at: Instant


class TaskOutletAssetReference(Payload, frozen=True, kw_only=True):
    """That a task updates an asset."""

    dag_id: str
    task_id: str
    created_at: Instant
    updated_at: Instant


class TaskInletAssetReference(Payload, frozen=True, kw_only=True):
    """That a task reads an asset."""

    dag_id: str
    task_id: str
    created_at: Instant
    updated_at: Instant


class AssetAliasResponse(Payload, frozen=True, kw_only=True):
    """A name for assets that are known at run time only."""

    id: int
    name: str
    group: str


class AssetAliasCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of aliases."""

    asset_aliases: Sequence[AssetAliasResponse]
    total_entries: int


class AssetWatcherResponse(Payload, frozen=True, kw_only=True):
    """A trigger that watches an asset."""

    name: str
    trigger_id: int
    created_date: Instant


class LastAssetEventResponse(Payload, frozen=True, kw_only=True):
    """The latest event of an asset."""

    id: int | None = None
    timestamp: Instant | None = None


class AssetResponse(Payload, frozen=True, kw_only=True):
    """An asset, and who mentions it."""

    id: int
    name: str
    uri: str
    group: str
    extra: Mapping[str, JsonValue] | None = None
    created_at: Instant
    updated_at: Instant
    scheduled_dags: Sequence[DagScheduleAssetReference]
    producing_tasks: Sequence[TaskOutletAssetReference]
    consuming_tasks: Sequence[TaskInletAssetReference]
    aliases: Sequence[AssetAliasResponse]
    watchers: Sequence[AssetWatcherResponse]
    last_asset_event: LastAssetEventResponse | None = None


class AssetCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of assets."""

    assets: Sequence[AssetResponse]
    total_entries: int


class DagRunAssetReference(Payload, frozen=True, kw_only=True):
    """A run that was made for an event."""

    run_id: str
    dag_id: str
    logical_date: Instant | None
    start_date: Instant | None
    """Of a run that has not started, when it was queued: clients rely on a time."""
    end_date: Instant | None
    state: str
    data_interval_start: Instant | None
    data_interval_end: Instant | None
    partition_key: str | None
    triggering: bool


class AssetEventResponse(Payload, frozen=True, kw_only=True):
    """That an asset was updated."""

    id: int
    asset_id: int
    uri: str | None = None
    name: str | None = None
    group: str | None = None
    extra: Mapping[str, JsonValue] | None = None
    source_task_id: str | None = None
    source_dag_id: str | None = None
    source_run_id: str | None = None
    source_map_index: int
    created_dagruns: Sequence[DagRunAssetReference]
    timestamp: Instant
    partition_key: str | None = None


class AssetEventCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of events."""

    asset_events: Sequence[AssetEventResponse]
    total_entries: int


class QueuedEventResponse(Payload, frozen=True, kw_only=True):
    """That an asset was updated since a DAG's last run by assets."""

    dag_id: str
    asset_id: int
    created_at: Instant
    dag_display_name: str


class QueuedEventCollectionResponse(Payload, frozen=True, kw_only=True):
    """What waits to start runs."""

    queued_events: Sequence[QueuedEventResponse]
    total_entries: int


class AssetEventAccessControl(Body):
    """Which teams may see an event; refused where there are teams, for events are for all."""

    consumer_teams: list[str] | None = None
    allow_global: bool = True


class CreateAssetEventsBody(Body):
    """An event that somebody reports."""

    asset_id: int
    partition_key: str | None = Field(default=None, min_length=1, max_length=250)
    extra: dict[str, JsonValue] = Field(default_factory=dict)
    access_control: AssetEventAccessControl | None = None


class MaterializeAssetBody(Body):
    """A run of the DAG that makes an asset."""

    dag_run_id: str | None = None
    data_interval_start: Moment | None = None
    data_interval_end: Moment | None = None
    logical_date: Moment | None = None
    run_after: Moment | None = None
    conf: dict[str, JsonValue] | None = None
    note: str | None = Field(default=None, max_length=1000)
    partition_key: str | None = None

    @model_validator(mode="after")
    def _interval_is_whole(self) -> Self:
        check_interval(self.data_interval_start, self.data_interval_end)
        return self


def asset_payload(record: AssetRecord) -> AssetResponse:
    """An asset as its payload."""
    last = LastAssetEventResponse(id=record.last_event_pk, timestamp=record.last_event_at)
    return AssetResponse(
        id=record.pk,
        name=record.name,
        uri=record.uri,
        group=record.group,
        extra=redact(record.extra),
        created_at=record.created_at,
        updated_at=record.updated_at,
        scheduled_dags=[
            DagScheduleAssetReference(
                dag_id=one.dag_id, created_at=one.created_at, updated_at=one.updated_at
            )
            for one in record.scheduled
        ],
        producing_tasks=[_task(TaskOutletAssetReference, one) for one in record.producing],
        consuming_tasks=[_task(TaskInletAssetReference, one) for one in record.consuming],
        aliases=[alias_payload(one) for one in record.aliases],
        watchers=[
            AssetWatcherResponse(name=one.name, trigger_id=one.pk, created_date=one.created_at)
            for one in record.watchers
        ],
        last_asset_event=last,
    )


def alias_payload(record: AssetAliasRecord) -> AssetAliasResponse:
    """An alias as its payload."""
    return AssetAliasResponse(id=record.pk, name=record.name, group=record.group)


def event_payload(event: AssetEvent, runs: Sequence[DagRun]) -> AssetEventResponse:
    """An event as its payload; `runs` were made for it."""
    return AssetEventResponse(
        id=event.pk,
        asset_id=event.asset_pk,
        uri=event.uri,
        name=event.name,
        group=event.group,
        extra=redact(event.extra),
        source_task_id=event.source_task_id,
        source_dag_id=event.source_dag_id,
        source_run_id=event.source_run_id,
        source_map_index=event.source_map_index,
        created_dagruns=[_run(run) for run in runs],
        timestamp=event.timestamp,
        partition_key=event.partition_key,
    )


def _run(run: DagRun) -> DagRunAssetReference:
    return DagRunAssetReference(
        run_id=run.run_id,
        dag_id=run.dag_id,
        logical_date=run.logical_date,
        start_date=run.start_date or run.queued_at or run.run_after,
        end_date=run.end_date,
        state=run.state.value,
        data_interval_start=run.data_interval_start,
        data_interval_end=run.data_interval_end,
        partition_key=run.partition_key,
        triggering=True,
    )


TaskReference = TypeVar("TaskReference", TaskOutletAssetReference, TaskInletAssetReference)


def _task(kind: type[TaskReference], mention: AssetMention) -> TaskReference:
    return kind(
        dag_id=mention.dag_id,
        task_id=mention.task_id,
        created_at=mention.created_at,
        updated_at=mention.updated_at,
    )
