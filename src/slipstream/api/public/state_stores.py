"""What task instances remember: their state store."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, deleting, editing, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.filters import Page, window_of
from slipstream.api.payloads.state_stores import (
    TaskStateStoreBody,
    TaskStateStoreCollectionResponse,
    TaskStateStorePatchBody,
    TaskStateStoreResponse,
)
from slipstream.api.public.task_instances import INSTANCES
from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import TaskKey
from slipstream.store.records import TaskStateRecord

routes = Routes("Task State Store")

_STORE: Final = INSTANCES + "/{task_id}/state-store"
_KEY: Final = _STORE + "/{key:path}"


class StateQuery(Page):
    """Which page of whose state."""

    map_index: int = UNMAPPED


@routes.add(
    "GET",
    _STORE,
    permission=reading(Resource.TASK_INSTANCE),
    answer=TaskStateStoreCollectionResponse,
)
def list_task_state_store(
    call: Call,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    query: Annotated[StateQuery, QueryParameter()],
) -> TaskStateStoreCollectionResponse:
    """A page of what the task instance remembers, ordered by key."""
    key = TaskKey(task_id, query.map_index)
    window = window_of(query.limit, query.offset, [], call.settings, {})
    page = call.store.list_task_state(_run_pk(call, dag_id, dag_run_id, key), key, window)
    return TaskStateStoreCollectionResponse(
        task_state_store=[_shown(record) for record in page.items], total_entries=page.total
    )


@routes.add(
    "DELETE",
    _STORE,
    permission=deleting(Resource.TASK_INSTANCE),
    status=204,
)
def clear_task_state_store(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: int = UNMAPPED,
    all_map_indices: bool = False,
) -> None:
    """Forget everything of the task instance, or of all instances of its task."""
    key = TaskKey(task_id, map_index)
    if all_map_indices:
        run_pk = call.store.get_run(dag_id, dag_run_id).pk
    else:
        run_pk = _run_pk(call, dag_id, dag_run_id, key)
    call.store.clear_task_state(run_pk, key, all_map_indexes=all_map_indices)


@routes.add("GET", _KEY, permission=reading(Resource.TASK_INSTANCE), answer=TaskStateStoreResponse)
def get_task_state_store(
    call: Call, *, dag_id: str, dag_run_id: str, task_id: str, key: str, map_index: int = UNMAPPED
) -> TaskStateStoreResponse:
    """What the task instance remembers under the key."""
    instance = TaskKey(task_id, map_index)
    return _shown(_require(call, _run_pk(call, dag_id, dag_run_id, instance), instance, key))


@routes.add("PUT", _KEY, permission=editing(Resource.TASK_INSTANCE), status=204)
def set_task_state_store(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    key: str,
    body: TaskStateStoreBody,
    map_index: int = UNMAPPED,
) -> None:
    """Remember a value for the task instance, replacing an earlier one."""
    instance = TaskKey(task_id, map_index)
    run_pk = _run_pk(call, dag_id, dag_run_id, instance)
    text = checked_value(call, body.value)
    call.store.set_task_state(run_pk, instance, key, text, _expires_at(call, body.expires_at))


@routes.add(
    "PATCH", _KEY, permission=editing(Resource.TASK_INSTANCE), answer=TaskStateStoreResponse
)
def patch_task_state_store(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    key: str,
    body: TaskStateStorePatchBody,
    map_index: int = UNMAPPED,
) -> TaskStateStoreResponse:
    """Replace a value that there is; until when it is remembered stays as it is."""
    instance = TaskKey(task_id, map_index)
    run_pk = _run_pk(call, dag_id, dag_run_id, instance)
    known = _require(call, run_pk, instance, key)
    call.store.set_task_state(
        run_pk, instance, key, checked_value(call, body.value), known.expires_at
    )
    return _shown(_require(call, run_pk, instance, key))


@routes.add("DELETE", _KEY, permission=deleting(Resource.TASK_INSTANCE), status=204)
def delete_task_state_store(
    call: Call, *, dag_id: str, dag_run_id: str, task_id: str, key: str, map_index: int = UNMAPPED
) -> None:
    """Forget a key; that it is not there is no error."""
    instance = TaskKey(task_id, map_index)
    call.store.delete_task_state(_run_pk(call, dag_id, dag_run_id, instance), instance, key)


def _run_pk(call: Call, dag_id: str, run_id: str, key: TaskKey) -> int:
    """The run's number. Raises `NotFoundError` where the instance is not there."""
    return call.store.get_instance(dag_id, run_id, key).run.pk


def _require(call: Call, run_pk: int, instance: TaskKey, key: str) -> TaskStateRecord:
    found = call.store.get_task_state(run_pk, instance, key)
    if found is None:
        raise NotFoundError(f"Task state store key {key!r} not found")
    return found


def checked_value(call: Call, value: JsonValue) -> str:
    """The value as it is kept. Raises `InvalidInputError` for one that is too large."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    limit = call.settings.maximum_state_bytes
    if limit and len(text.encode()) > limit:
        raise InvalidInputError(
            f"The value takes {len(text.encode()):,} bytes; [state_store] max_value_storage_bytes "
            f"allows {limit:,}. Keep it in an object store and its path here."
        )
    return text


def _expires_at(call: Call, wanted: datetime | Literal["default"] | None) -> datetime | None:
    if wanted is None:
        return None
    if isinstance(wanted, datetime):
        return wanted
    days = call.settings.state_retention_days
    return call.now() + timedelta(days=days) if days else None


def _shown(record: TaskStateRecord) -> TaskStateStoreResponse:
    return TaskStateStoreResponse(
        key=record.key,
        value=json.loads(record.value),
        updated_at=record.updated_at,
        expires_at=record.expires_at,
    )
