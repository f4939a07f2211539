"""Keeping what a request has done in the audit log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from slipstream.api.auth.access import Permission, Resource
from slipstream.api.call import Call
from slipstream.api.operation import Operation
from slipstream.model.json import JsonValue
from slipstream.runtime.masking import redact
from slipstream.store.errors import StoreError
from slipstream.store.event_records import Door, NewEvent

_log = logging.getLogger(__name__)

_WITH_SECRETS: Final = frozenset({Resource.CONNECTION, Resource.VARIABLE})
"""Resources whose bodies are not kept: before and after say, masked, what they did."""
_PLACES: Final = {
    "dag_id": "dag_id",
    "dag_run_id": "run_id",
    "task_id": "task_id",
    "map_index": "map_index",
    "try_number": "try_number",
}


def note(call: Call, operation: Operation, parameters: Mapping[str, object]) -> None:
    """Keep what was done. It is done: where it cannot be kept, the server's own log says so."""
    body = parameters.get("body")
    if getattr(body, "dry_run", False) or operation.path.endswith("/dry_run"):
        return
    try:
        call.deployment.store.log_event(_event(call, operation, parameters))
    except StoreError:
        _log.exception("The audit log lacks %s by %s", operation.operation_id, call.user.name)


def _event(call: Call, operation: Operation, parameters: Mapping[str, object]) -> NewEvent:
    body = parameters.get("body")
    sent = body.model_dump(mode="json", exclude_unset=True) if isinstance(body, BaseModel) else {}
    places: dict[str, object] = {}
    for name, place in _PLACES.items():
        value = parameters.get(name)
        value = sent.get(name) if value is None or value == "~" else value
        places[place] = value
    resource = operation.permission
    has_secrets = isinstance(resource, Permission) and resource.resource in _WITH_SECRETS
    details: dict[str, JsonValue] = {"method": operation.method}
    for name, value in parameters.items():
        if name not in _PLACES and isinstance(value, str | int | float | list):
            details[name] = value
    if sent and not has_secrets:
        details["body"] = redact(sent)
    if call.changes:
        details["changes"] = [*call.changes]
    return NewEvent(
        event=operation.operation_id,
        owner=call.user.name,
        door=Door.REST_API,
        address=call.address,
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
