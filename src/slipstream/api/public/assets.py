"""Assets, their aliases and their events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.announcements import announce_update
from slipstream.api.auth.access import Resource, creating, reading
from slipstream.api.call import Call
from slipstream.api.errors import NotAllowedError
from slipstream.api.operation import Routes
from slipstream.api.payloads.assets import (
    AssetAliasCollectionResponse,
    AssetAliasResponse,
    AssetCollectionResponse,
    AssetEventCollectionResponse,
    AssetEventResponse,
    AssetResponse,
    CreateAssetEventsBody,
    MaterializeAssetBody,
    alias_payload,
    asset_payload,
    event_payload,
)
from slipstream.api.payloads.bodies import Moment
from slipstream.api.payloads.dag_runs import DAGRunResponse, dag_run_payload
from slipstream.api.payloads.filters import Paging, like
from slipstream.model.asset import AssetEvent, AssetRecord, AssetUpdate
from slipstream.model.errors import ConflictError, InvalidInputError, NotFoundError
from slipstream.model.states import RunType
from slipstream.store.records import AssetEventFilter, AssetFilter, Range, Source
from slipstream.store.triggering import RunRequest, requested_run

routes = Routes("Asset")

_ASSETS: Final = "/assets"
_ORDER: Final = {name: name for name in ("id", "name", "uri", "group", "created_at", "updated_at")}
_ALIAS_ORDER: Final = {name: name for name in ("id", "name", "group")}
_EVENT_ORDER: Final = {
    name: name
    for name in (
        "id",
        "asset_id",
        "timestamp",
        "source_dag_id",
        "source_task_id",
        "source_run_id",
        "source_map_index",
    )
}


class AssetQuery(Paging):
    """Which assets."""

    name_pattern: str | None = None
    name_prefix_pattern: str | None = None
    uri_pattern: str | None = None
    uri_prefix_pattern: str | None = None
    dag_ids: list[str] | None = None
    only_active: bool = True


class AliasQuery(Paging):
    """Which aliases."""

    name_pattern: str | None = None
    name_prefix_pattern: str | None = None


class EventQuery(Paging):
    """Which events."""

    asset_id: int | None = None
    source_dag_id: str | None = None
    source_task_id: str | None = None
    source_run_id: str | None = None
    source_map_index: int | None = None
    name_pattern: str | None = None
    name_prefix_pattern: str | None = None
    timestamp_gte: Moment | None = None
    timestamp_gt: Moment | None = None
    timestamp_lte: Moment | None = None
    timestamp_lt: Moment | None = None


@routes.add("GET", _ASSETS, permission=reading(Resource.ASSET), answer=AssetCollectionResponse)
def get_assets(
    call: Call, query: Annotated[AssetQuery, QueryParameter()]
) -> AssetCollectionResponse:
    """A page of assets."""
    which = AssetFilter(
        name_pattern=like(query.name_pattern, query.name_prefix_pattern),
        uri_pattern=like(query.uri_pattern, query.uri_prefix_pattern),
        dag_ids=query.dag_ids,
        only_active=query.only_active,
    )
    page = call.store.list_assets(which, query.window(call.settings, _ORDER))
    return AssetCollectionResponse(
        assets=[asset_payload(record) for record in page.items], total_entries=page.total
    )


@routes.add(
    "GET",
    _ASSETS + "/aliases",
    permission=reading(Resource.ASSET),
    answer=AssetAliasCollectionResponse,
)
def get_asset_aliases(
    call: Call, query: Annotated[AliasQuery, QueryParameter()]
) -> AssetAliasCollectionResponse:
    """A page of aliases."""
    pattern = like(query.name_pattern, query.name_prefix_pattern)
    page = call.store.list_asset_aliases(pattern, query.window(call.settings, _ALIAS_ORDER))
    return AssetAliasCollectionResponse(
        asset_aliases=[alias_payload(record) for record in page.items], total_entries=page.total
    )


@routes.add(
    "GET",
    _ASSETS + "/aliases/{asset_alias_id}",
    permission=reading(Resource.ASSET),
    answer=AssetAliasResponse,
)
def get_asset_alias(call: Call, asset_alias_id: int) -> AssetAliasResponse:
    """One alias."""
    return alias_payload(call.store.get_asset_alias(asset_alias_id))


@routes.add(
    "GET",
    _ASSETS + "/events",
    permission=reading(Resource.ASSET),
    answer=AssetEventCollectionResponse,
)
def get_asset_events(
    call: Call, query: Annotated[EventQuery, QueryParameter()]
) -> AssetEventCollectionResponse:
    """A page of events."""
    which = AssetEventFilter(
        asset_pk=query.asset_id,
        name_pattern=like(query.name_pattern, query.name_prefix_pattern),
        source_dag_id=query.source_dag_id,
        source_task_id=query.source_task_id,
        source_run_id=query.source_run_id,
        source_map_index=query.source_map_index,
        timestamp=Range(
            gte=query.timestamp_gte,
            gt=query.timestamp_gt,
            lte=query.timestamp_lte,
            lt=query.timestamp_lt,
        ),
    )
    page = call.store.list_asset_events(which, query.window(call.settings, _EVENT_ORDER))
    return _collection(call, page.items, page.total)


@routes.add(
    "POST", _ASSETS + "/events", permission=creating(Resource.ASSET), answer=AssetEventResponse
)
def create_asset_event(call: Call, body: CreateAssetEventsBody) -> AssetEventResponse:
    """Report that an asset was updated; the DAGs that wait for it are started as by a task."""
    if body.access_control is not None and call.settings.team_of is not None:
        raise InvalidInputError(
            "The body has an access_control, and events of assets are for all teams here: leave "
            "it out."
        )
    record = call.store.get_asset(body.asset_id)
    update = AssetUpdate(
        name=record.name,
        uri=record.uri,
        extra={**body.extra, "from_rest_api": True},
        partition_key=body.partition_key,
    )
    (event_pk,) = call.store.record_asset_updates(Source(), [update])
    if event_pk is None:
        raise NotFoundError(f"The Asset with ID: `{body.asset_id}` was not found")
    event = call.store.get_asset_event(event_pk)
    announce_update(call.deployment.announce, record, event)
    return _events(call, [event])[0]


@routes.add(
    "POST",
    _ASSETS + "/{asset_id}/materialize",
    permission=creating(Resource.ASSET),
    answer=DAGRunResponse,
)
def materialize_asset(
    call: Call, asset_id: int, body: MaterializeAssetBody | None = None
) -> DAGRunResponse:
    """Run the one DAG that makes the asset."""
    wanted = body or MaterializeAssetBody()
    dag = call.store.get_dag(producer_of(call.store.get_asset(asset_id)))
    if not call.user.may(creating(Resource.DAG_RUN)):
        raise NotAllowedError(f"You may not start runs of {dag.dag_id!r}, which makes this asset.")
    interval = None
    if wanted.data_interval_start is not None and wanted.data_interval_end is not None:
        interval = wanted.data_interval_start, wanted.data_interval_end
    new = requested_run(
        dag,
        RunRequest(
            run_id=wanted.dag_run_id,
            logical_date=wanted.logical_date,
            data_interval=interval,
            run_after=wanted.run_after,
            conf=wanted.conf or {},
            note=wanted.note,
            partition_key=wanted.partition_key,
            user=call.user.name,
        ),
        call.now(),
        run_type=RunType.ASSET_MATERIALIZATION,
        run_id_pattern=call.settings.allowed_run_id_pattern,
        ask=call.ask_timetable,
    )
    return dag_run_payload(call.store.create_run(new), dag.latest)


@routes.add(
    "GET", _ASSETS + "/{asset_id}", permission=reading(Resource.ASSET), answer=AssetResponse
)
def get_asset(call: Call, asset_id: int) -> AssetResponse:
    """One asset, in use or not."""
    return asset_payload(call.store.get_asset(asset_id))


@routes.add(
    "GET",
    "/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents",
    permission=reading(Resource.ASSET),
    answer=AssetEventCollectionResponse,
)
def get_upstream_asset_events(
    call: Call, dag_id: str, dag_run_id: str
) -> AssetEventCollectionResponse:
    """The events that a run was made for."""
    events = call.store.events_of_run(call.store.get_run(dag_id, dag_run_id).pk)
    return _collection(call, events, len(events))


def producer_of(record: AssetRecord) -> str:
    """The DAG that makes the asset. Raises `NotFoundError`, or `ConflictError` for several."""
    dag_ids = sorted({mention.dag_id for mention in record.producing})
    if not dag_ids:
        raise NotFoundError(
            f"No DAG materializes the asset {record.name!r} (ID: {record.pk}): it is no outlet of "
            "any task."
        )
    if len(dag_ids) > 1:
        raise ConflictError(
            f"More than one DAG materializes the asset {record.name!r} (ID: {record.pk}): "
            f"{', '.join(dag_ids)}. Trigger the one that you mean."
        )
    return dag_ids[0]


def _collection(
    call: Call, events: Sequence[AssetEvent], total: int
) -> AssetEventCollectionResponse:
    return AssetEventCollectionResponse(asset_events=_events(call, events), total_entries=total)


def _events(call: Call, events: Sequence[AssetEvent]) -> list[AssetEventResponse]:
    runs = call.store.runs_of_events([event.pk for event in events])
    return [event_payload(event, runs.get(event.pk, ())) for event in events]
