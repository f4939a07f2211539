"""What is remembered of assets across runs: their state store."""

from __future__ import annotations

import json
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, deleting, editing, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.asset_states import (
    AssetStateStoreBody,
    AssetStateStoreCollectionResponse,
    AssetStateStoreLastUpdatedBy,
    AssetStateStoreResponse,
    AssetStateStoreWriterKind,
)
from slipstream.api.payloads.filters import Page, window_of
from slipstream.api.public.state_stores import checked_value
from slipstream.model.asset import AssetRecord
from slipstream.model.errors import NotFoundError
from slipstream.store.records import AssetStateRecord, StateWriter

routes = Routes("Asset State Store")

_STORE: Final = "/assets/{asset_id}/state-store"
_KEY: Final = _STORE + "/{key:path}"


@routes.add(
    "GET",
    _STORE,
    permission=reading(Resource.ASSET),
    answer=AssetStateStoreCollectionResponse,
)
def list_asset_state_store(
    call: Call, asset_id: int, query: Annotated[Page, QueryParameter()]
) -> AssetStateStoreCollectionResponse:
    """A page of what is remembered of the asset, ordered by key."""
    asset = call.store.get_asset(asset_id)
    window = window_of(query.limit, query.offset, [], call.settings, {})
    page = call.store.list_asset_state(asset.name, asset.uri, window)
    return AssetStateStoreCollectionResponse(
        asset_state_store=[_shown(record) for record in page.items], total_entries=page.total
    )


@routes.add("DELETE", _STORE, permission=deleting(Resource.ASSET), status=204)
def clear_asset_state_store(call: Call, asset_id: int) -> None:
    """Forget everything of the asset."""
    asset = call.store.get_asset(asset_id)
    call.store.clear_asset_state(asset.name, asset.uri)


@routes.add("GET", _KEY, permission=reading(Resource.ASSET), answer=AssetStateStoreResponse)
def get_asset_state_store(call: Call, asset_id: int, key: str) -> AssetStateStoreResponse:
    """What is remembered of the asset under the key."""
    return _shown(_require(call, call.store.get_asset(asset_id), key))


@routes.add("PUT", _KEY, permission=editing(Resource.ASSET), status=204)
def set_asset_state_store(call: Call, asset_id: int, key: str, body: AssetStateStoreBody) -> None:
    """Remember a value of the asset, replacing an earlier one."""
    asset = call.store.get_asset(asset_id)
    text = checked_value(call, body.value)
    call.store.set_asset_state(asset.name, asset.uri, key, text, StateWriter(kind="api"))


@routes.add("DELETE", _KEY, permission=deleting(Resource.ASSET), status=204)
def delete_asset_state_store(call: Call, asset_id: int, key: str) -> None:
    """Forget a key; that it is not there is no error."""
    asset = call.store.get_asset(asset_id)
    call.store.delete_asset_state(asset.name, asset.uri, key)


def _require(call: Call, asset: AssetRecord, key: str) -> AssetStateRecord:
    found = call.store.get_asset_state(asset.name, asset.uri, key)
    if found is None:
        raise NotFoundError(f"Asset state store key {key!r} not found")
    return found


def _shown(record: AssetStateRecord) -> AssetStateStoreResponse:
    writer = record.writer
    return AssetStateStoreResponse(
        key=record.key,
        value=json.loads(record.value),
        updated_at=record.updated_at,
        last_updated_by=AssetStateStoreLastUpdatedBy(
            kind=AssetStateStoreWriterKind(writer.kind),
            dag_id=writer.dag_id,
            run_id=writer.run_id,
            task_id=writer.task_id,
            map_index=writer.map_index,
        ),
    )
