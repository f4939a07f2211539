"""What waits to start runs of DAGs that wait for assets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from slipstream.api.auth.access import Resource, deleting, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.assets import QueuedEventCollectionResponse, QueuedEventResponse
from slipstream.api.payloads.bodies import Moment
from slipstream.api.payloads.dags import display_name
from slipstream.model.errors import NotFoundError
from slipstream.store.records import QueuedEvent

routes = Routes("Asset")

_OF_ASSET: Final = "/assets/{asset_id}/queuedEvents"
_OF_DAG: Final = "/dags/{dag_id}/assets/queuedEvents"
_OF_BOTH: Final = "/dags/{dag_id}/assets/{asset_id}/queuedEvents"


@routes.add(
    "GET",
    _OF_ASSET,
    permission=reading(Resource.ASSET),
    answer=QueuedEventCollectionResponse,
)
def get_asset_queued_events(
    call: Call, asset_id: int, before: Moment | None = None
) -> QueuedEventCollectionResponse:
    """What waits of the asset."""
    return _collection(call, call.store.queued_events(asset_pk=asset_id, before=before))


@routes.add("DELETE", _OF_ASSET, permission=deleting(Resource.ASSET), status=204)
def delete_asset_queued_events(call: Call, asset_id: int, before: Moment | None = None) -> None:
    """Let what waits of the asset start nothing."""
    if not call.store.delete_queued_events(asset_pk=asset_id, before=before):
        raise _none(f"asset_id: `{asset_id}`")


@routes.add(
    "GET", _OF_DAG, permission=reading(Resource.ASSET), answer=QueuedEventCollectionResponse
)
def get_dag_asset_queued_events(
    call: Call, dag_id: str, before: Moment | None = None
) -> QueuedEventCollectionResponse:
    """What waits for the DAG."""
    return _collection(call, call.store.queued_events(dag_id=dag_id, before=before))


@routes.add("DELETE", _OF_DAG, permission=deleting(Resource.ASSET), status=204)
def delete_dag_asset_queued_events(call: Call, dag_id: str, before: Moment | None = None) -> None:
    """Let what waits for the DAG start nothing."""
    if not call.store.delete_queued_events(dag_id=dag_id, before=before):
        raise _none(f"dag_id: `{dag_id}`")


@routes.add("GET", _OF_BOTH, permission=reading(Resource.ASSET), answer=QueuedEventResponse)
def get_dag_asset_queued_event(
    call: Call, dag_id: str, asset_id: int, before: Moment | None = None
) -> QueuedEventResponse:
    """What waits of the asset for the DAG."""
    found = call.store.queued_events(dag_id=dag_id, asset_pk=asset_id, before=before)
    if not found:
        raise _none(f"dag_id: `{dag_id}` and asset_id: `{asset_id}`")
    return _payload(found[0], _names(call))


@routes.add("DELETE", _OF_BOTH, permission=deleting(Resource.ASSET), status=204)
def delete_dag_asset_queued_event(
    call: Call, dag_id: str, asset_id: int, before: Moment | None = None
) -> None:
    """Let what waits of the asset for the DAG start nothing."""
    if not call.store.delete_queued_events(dag_id=dag_id, asset_pk=asset_id, before=before):
        raise _none(f"dag_id: `{dag_id}` and asset_id: `{asset_id}`")


def _none(of: str) -> NotFoundError:
    return NotFoundError(f"Queue event with {of} was not found")


def _collection(call: Call, found: Sequence[QueuedEvent]) -> QueuedEventCollectionResponse:
    names = _names(call)
    return QueuedEventCollectionResponse(
        queued_events=[_payload(one, names) for one in found], total_entries=len(found)
    )


def _names(call: Call) -> Callable[[str], str]:
    return lambda dag_id: display_name(call.store.get_dag(dag_id).latest.spec)


def _payload(found: QueuedEvent, name_of: Callable[[str], str]) -> QueuedEventResponse:
    return QueuedEventResponse(
        dag_id=found.dag_id,
        asset_id=found.asset_pk,
        created_at=found.created_at,
        dag_display_name=name_of(found.dag_id),
    )
