"""What is remembered of assets."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from slipstream.api.payloads.base import Instant, Payload
from slipstream.api.payloads.bodies import Body
from slipstream.api.payloads.state_stores import Kept
from slipstream.model.json import JsonValue


class AssetStateStoreWriterKind(StrEnum):
    """What writes the state of assets."""

    TASK = "task"
    WATCHER = "watcher"
    API = "api"


class AssetStateStoreLastUpdatedBy(Payload, frozen=True, kw_only=True):
    """Who wrote a value: a task instance, a watcher, or somebody through the API."""

    kind: AssetStateStoreWriterKind
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None


class AssetStateStoreResponse(Payload, frozen=True, kw_only=True):
    """What is remembered of an asset under a key."""

    key: str
    value: JsonValue
    updated_at: Instant
    last_updated_by: AssetStateStoreLastUpdatedBy | None = None


class AssetStateStoreCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of what is remembered of an asset."""

    asset_state_store: Sequence[AssetStateStoreResponse]
    total_entries: int


class AssetStateStoreBody(Body):
    """A value to remember."""

    value: Kept
