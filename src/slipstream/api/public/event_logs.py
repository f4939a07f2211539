"""The audit log: who did what, when, from where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, reading
from slipstream.api.auth.user import User
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.base import Instant, Payload
from slipstream.api.payloads.bodies import Moment
from slipstream.api.payloads.filters import Paging, like
from slipstream.model.json import JsonValue
from slipstream.store.audit import Setting
from slipstream.store.event_records import EventFilter, EventRecord

routes = Routes("Event Log")

_READ: Final = reading(Resource.EVENT_LOG)
_ORDER: Final = {
    "id": "id",
    "event_log_id": "id",
    "when": "when",
    "dttm": "when",
    "dag_id": "dag_id",
    "run_id": "run_id",
    "task_id": "task_id",
    "map_index": "map_index",
    "try_number": "try_number",
    "event": "event",
    "owner": "owner",
    "logical_date": "logical_date",
    "extra": "details",
}
_RESOURCES: Final = {
    Setting.VARIABLE.value: Resource.VARIABLE,
    Setting.CONNECTION.value: Resource.CONNECTION,
    Setting.POOL.value: Resource.POOL,
    Setting.USER.value: Resource.USER,
    Setting.ROLE.value: Resource.ROLE,
    Setting.ACCESS_TOKEN.value: Resource.USER,
}


class EventLogResponse(Payload, frozen=True, kw_only=True):
    """An entry. `extra` is JSON text: from where, what was asked, and how settings changed."""

    event_log_id: int
    when: Instant
    dag_id: str | None
    task_id: str | None
    run_id: str | None
    map_index: int | None
    try_number: int | None
    event: str
    logical_date: Instant | None
    owner: str | None
    extra: str | None
    dag_display_name: str | None = None
    task_display_name: str | None = None


class EventLogCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of entries."""

    event_logs: Sequence[EventLogResponse]
    total_entries: int


class EventLogQuery(Paging):
    """Which entries."""

    dag_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    map_index: int | None = None
    try_number: int | None = None
    owner: str | None = None
    event: str | None = None
    excluded_events: list[str] | None = None
    included_events: list[str] | None = None
    before: Moment | None = None
    after: Moment | None = None
    dag_id_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    task_id_pattern: str | None = None
    task_id_prefix_pattern: str | None = None
    run_id_pattern: str | None = None
    run_id_prefix_pattern: str | None = None
    owner_pattern: str | None = None
    owner_prefix_pattern: str | None = None
    event_pattern: str | None = None
    event_prefix_pattern: str | None = None

    def filter(self) -> EventFilter:
        """The selection as the store takes it."""
        return EventFilter(
            dag_id=self.dag_id,
            task_id=self.task_id,
            run_id=self.run_id,
            map_index=self.map_index,
            try_number=self.try_number,
            owner=self.owner,
            event=self.event,
            excluded_events=self.excluded_events,
            included_events=self.included_events,
            before=self.before,
            after=self.after,
            dag_id_pattern=like(self.dag_id_pattern, self.dag_id_prefix_pattern),
            task_id_pattern=like(self.task_id_pattern, self.task_id_prefix_pattern),
            run_id_pattern=like(self.run_id_pattern, self.run_id_prefix_pattern),
            owner_pattern=like(self.owner_pattern, self.owner_prefix_pattern),
            event_pattern=like(self.event_pattern, self.event_prefix_pattern),
        )


@routes.add("GET", "/eventLogs", permission=_READ, answer=EventLogCollectionResponse)
def get_event_logs(
    call: Call, query: Annotated[EventLogQuery, QueryParameter()]
) -> EventLogCollectionResponse:
    """A page of entries, the oldest first unless ordered."""
    page = call.store.list_events(query.filter(), query.window(call.settings, _ORDER))
    return EventLogCollectionResponse(
        event_logs=[_payload(record, call.user) for record in page.items],
        total_entries=page.total,
    )


@routes.add("GET", "/eventLogs/{event_log_id}", permission=_READ, answer=EventLogResponse)
def get_event_log(call: Call, event_log_id: int) -> EventLogResponse:
    """One entry."""
    return _payload(call.store.get_event(event_log_id), call.user)


def _payload(record: EventRecord, user: User) -> EventLogResponse:
    what = record.what
    extra = {"via": what.door.value, "from": what.address, **_shown(what.details, user)}
    return EventLogResponse(
        event_log_id=record.pk,
        when=record.when,
        dag_id=what.dag_id,
        task_id=what.task_id,
        run_id=what.run_id,
        map_index=what.map_index,
        try_number=what.try_number,
        event=what.event,
        logical_date=record.logical_date,
        owner=what.owner,
        extra=json.dumps(extra, ensure_ascii=False),
        dag_display_name=what.dag_id,
        task_display_name=what.task_id,
    )


def _shown(details: Mapping[str, JsonValue], user: User) -> Mapping[str, JsonValue]:
    """The details; of settings that the user may not read, only which ones were changed."""
    changes = details.get("changes")
    if not isinstance(changes, list):
        return details
    shown: list[JsonValue] = []
    for change in changes:
        if isinstance(change, Mapping):
            kind = str(change.get("object"))
            may_read = kind in _RESOURCES and user.may(reading(_RESOURCES[kind]))
            named = {"object": kind, "key": change.get("key")}
            shown.append(dict(change) if may_read else named)
    return {**details, "changes": shown}
