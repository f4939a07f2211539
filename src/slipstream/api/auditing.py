"""Keeping what a request has done in the audit log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from slipstream.api.auth.access import Permission, Resource
from slipstream.api.auth.user import User
from slipstream.api.operation import Operation
from slipstream.model.json import JsonValue
from slipstream.runtime.masking import redact
from slipstream.store.audit_entry import AuditEntry, Changes
from slipstream.store.errors import StoreError
from slipstream.store.event_records import Door, NewEvent
from slipstream.store.interface import EventLogStore

_log = logging.getLogger(__name__)

_WITH_SECRETS: Final = frozenset({Resource.CONNECTION, Resource.VARIABLE, Resource.USER})
"""Resources whose bodies are not kept: before and after say, masked, what they did."""
_PLACES: Final = {
    "dag_id": "dag_id",
    "dag_run_id": "run_id",
    "task_id": "task_id",
    "map_index": "map_index",
    "try_number": "try_number",
}


def entry_of(
    operation: Operation,
    user: User,
    address: str | None,
    door: Door,
    parameters: Mapping[str, object],
) -> AuditEntry | None:
    """What is to be kept of the request; None of one that only asks what it would do."""
    body = parameters.get("body")
    if getattr(body, "dry_run", False) or operation.path.endswith("/dry_run"):
        return None

    def describe(changes: Changes) -> NewEvent:
        return _event(operation, user, address, door, parameters, changes)

    return AuditEntry(describe)


def complete(store: EventLogStore, entry: AuditEntry) -> None:
    """Keep what a request has asked for that has changed nothing in the store."""
    what = entry.take()
    if what is None:
        return
    try:
        store.log_event(what)
    except StoreError:
        _log.exception("The audit log lacks %s by %s", what.event, what.owner)


def _event(
    operation: Operation,
    user: User,
    address: str | None,
    door: Door,
    parameters: Mapping[str, object],
    changes: Changes,
) -> NewEvent:
    body = parameters.get("body")
    sent = body.model_dump(mode="json", exclude_unset=True) if isinstance(body, BaseModel) else {}
    places: dict[str, object] = {}
    for name, place in _PLACES.items():
        value = parameters.get(name)
        value = sent.get(name) if value is None or value == "~" else value
        places[place] = value
    resource = operation.permission
    has_secrets = not isinstance(resource, Permission) or resource.resource in _WITH_SECRETS
    details: dict[str, JsonValue] = {"method": operation.method}
    for name, value in parameters.items():
        if name not in _PLACES and isinstance(value, str | int | float | list):
            details[name] = value
    if sent and not has_secrets:
        details["body"] = redact(sent)
    if changes:
        details["changes"] = [*changes]
    return NewEvent(
        event=operation.operation_id,
        owner=user.name,
        door=door,
        address=address,
        dag_id=_text(places["dag_id"]),
        run_id=_text(places["run_id"]),
        task_id=_text(places["task_id"]),
        map_index=_number(places["map_index"]),
        try_number=_number(places["try_number"]),
        details=details,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
