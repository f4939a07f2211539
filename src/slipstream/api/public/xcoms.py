"""XComs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Final

import msgspec
from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, creating, deleting, editing, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.dags import display_name
from slipstream.api.payloads.filters import (
    LogicalDateBounds,
    Paging,
    RunAfterBounds,
    is_any,
    like,
    one_or_all,
)
from slipstream.api.payloads.task_instances import task_display_name, task_of
from slipstream.api.payloads.xcoms import (
    XComCollectionResponse,
    XComCreateBody,
    XComResponse,
    XComResponseNative,
    XComResponseString,
    XComUpdateBody,
)
from slipstream.api.public.task_instances import INSTANCES
from slipstream.api.shown_values import shown_value
from slipstream.model.errors import AlreadyExistsError, NotFoundError
from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun, TaskKey
from slipstream.store.records import XComFilter, XComRecord
from slipstream.wire.values import encode_value, length_of

routes = Routes("XCom")

_ENTRIES: Final = INSTANCES + "/{task_id}/xcomEntries"
_ENTRY: Final = _ENTRIES + "/{xcom_key:path}"
_ORDER: Final = {
    "key": "key",
    "timestamp": "timestamp",
    "task_id": "task_id",
    "map_index": "map_index",
    "dag_id": "dag_id",
    "run_id": "run_id",
    "run_after": "run_after",
}


class XComQuery(Paging, LogicalDateBounds, RunAfterBounds):
    """Which XComs."""

    xcom_key: str | None = None
    map_index: int | None = None
    map_index_filter: int | None = None
    xcom_key_pattern: str | None = None
    xcom_key_prefix_pattern: str | None = None
    task_id_pattern: str | None = None
    task_id_prefix_pattern: str | None = None
    run_id_pattern: str | None = None
    run_id_prefix_pattern: str | None = None
    dag_display_name_pattern: str | None = None
    dag_display_name_prefix_pattern: str | None = None

    def filter(self, dag_id: str, run_id: str, task_id: str) -> XComFilter:
        """The selection as the store takes it."""
        index = self.map_index if self.map_index_filter is None else self.map_index_filter
        return XComFilter(
            dag_ids=one_or_all(dag_id),
            run_ids=one_or_all(run_id),
            run_id_pattern=like(self.run_id_pattern, self.run_id_prefix_pattern),
            task_ids=one_or_all(task_id),
            task_id_pattern=like(self.task_id_pattern, self.task_id_prefix_pattern),
            map_indexes=None if index is None else [index],
            keys=None if self.xcom_key is None else [self.xcom_key],
            key_pattern=like(self.xcom_key_pattern, self.xcom_key_prefix_pattern),
            dag_display_name_pattern=like(
                self.dag_display_name_pattern, self.dag_display_name_prefix_pattern
            ),
            logical_date=self.logical_date(),
            run_after=self.run_after(),
        )


@routes.add("GET", _ENTRIES, permission=reading(Resource.XCOM), answer=XComCollectionResponse)
def get_xcom_entries(
    call: Call,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    query: Annotated[XComQuery, QueryParameter()],
) -> XComCollectionResponse:
    """A page of XComs; `~` as DAG id, run id or task id stands for all.

    Those of one run are ordered by task, map index and key, those of many as they were pushed.
    """
    window = query.window(call.settings, _ORDER)
    if not (window.order_by or is_any(dag_id) or is_any(dag_run_id)):
        window = replace(window, order_by=("task_id", "map_index", "key"))
    page = call.store.list_xcoms(query.filter(dag_id, dag_run_id, task_id), window)
    runs: dict[int, DagRun] = {}
    for xcom in page.items:
        if xcom.run_pk not in runs:
            runs[xcom.run_pk] = call.store.get_run(xcom.dag_id, xcom.run_id)
    return XComCollectionResponse(
        xcom_entries=[_shown(call, xcom, runs[xcom.run_pk]) for xcom in page.items],
        total_entries=page.total,
    )


@routes.add(
    "POST",
    _ENTRIES,
    permission=creating(Resource.XCOM),
    answer=XComResponseNative,
    status=201,
)
def create_xcom_entry(
    call: Call, dag_id: str, dag_run_id: str, task_id: str, body: XComCreateBody
) -> XComResponseNative:
    """Store a value that the task instance did not push itself."""
    key = TaskKey(task_id, body.map_index)
    run = call.store.get_instance(dag_id, dag_run_id, key).run
    if _find(call, run, key, body.key) is not None:
        raise AlreadyExistsError(
            f"The XCom with key: {body.key!r} exists already; PATCH changes it."
        )
    return _stored(call, run, key, body.key, body.value)


@routes.add("GET", _ENTRY, permission=reading(Resource.XCOM), answer=XComResponseNative)
def get_xcom_entry(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    xcom_key: str,
    map_index: int = UNMAPPED,
    deserialize: bool = False,
    stringify: bool = False,
) -> XComResponseNative | XComResponseString:
    """One XCom with its value, as JSON or (`stringify`) as text.

    `deserialize` changes nothing: values are kept as JSON, and no class is ever loaded to show
    one.
    """
    del deserialize
    run = call.store.get_run(dag_id, dag_run_id)
    xcom = _require(call, run, TaskKey(task_id, map_index), xcom_key)
    shown = msgspec.structs.asdict(_shown(call, xcom, run))
    value = shown_value(xcom.value)
    if stringify:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return XComResponseString(**shown, value=text)
    return XComResponseNative(**shown, value=value)


@routes.add("PATCH", _ENTRY, permission=editing(Resource.XCOM), answer=XComResponseNative)
def update_xcom_entry(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    xcom_key: str,
    body: XComUpdateBody,
) -> XComResponseNative:
    """Replace a value."""
    run = call.store.get_run(dag_id, dag_run_id)
    key = TaskKey(task_id, body.map_index)
    _require(call, run, key, xcom_key)
    return _stored(call, run, key, xcom_key, body.value)


@routes.add("DELETE", _ENTRY, permission=deleting(Resource.XCOM), status=204)
def delete_xcom_entry(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    xcom_key: str,
    map_index: int = UNMAPPED,
) -> None:
    """Remove an XCom."""
    run = call.store.get_run(dag_id, dag_run_id)
    if not call.store.delete_xcom(run.pk, TaskKey(task_id, map_index), xcom_key):
        raise _missing(xcom_key)


def _stored(
    call: Call, run: DagRun, key: TaskKey, xcom_key: str, value: JsonValue
) -> XComResponseNative:
    call.store.set_xcom(run.pk, key, xcom_key, encode_value(value), length_of(value))
    xcom = _require(call, run, key, xcom_key)
    return XComResponseNative(**msgspec.structs.asdict(_shown(call, xcom, run)), value=value)


def _find(call: Call, run: DagRun, key: TaskKey, xcom_key: str) -> XComRecord | None:
    return call.store.get_xcom(
        dag_id=run.dag_id,
        run_id=run.run_id,
        task_id=key.task_id,
        map_index=key.map_index,
        key=xcom_key,
    )


def _require(call: Call, run: DagRun, key: TaskKey, xcom_key: str) -> XComRecord:
    xcom = _find(call, run, key, xcom_key)
    if xcom is None:
        raise _missing(xcom_key)
    return xcom


def _missing(xcom_key: str) -> NotFoundError:
    return NotFoundError(f"XCom entry with key: {xcom_key!r} not found")


def _shown(call: Call, xcom: XComRecord, run: DagRun) -> XComResponse:
    spec = call.store.get_version(run.version_id).spec
    return XComResponse(
        key=xcom.key,
        timestamp=xcom.timestamp,
        logical_date=run.logical_date,
        map_index=xcom.map_index,
        task_id=xcom.task_id,
        dag_id=xcom.dag_id,
        run_id=xcom.run_id,
        dag_display_name=display_name(spec),
        task_display_name=task_display_name(task_of(spec, xcom.task_id)),
        run_after=run.run_after,
    )
