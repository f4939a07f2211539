"""What task instances remember."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime

from slipstream.api.payloads.base import Instant, Payload
from slipstream.api.payloads.bodies import Body, to_utc
from slipstream.model.json import JsonValue

_Aware = Annotated[AwareDatetime, AfterValidator(to_utc)]


class TaskStateStoreResponse(Payload, frozen=True, kw_only=True):
    """What a task instance remembers under a key."""

    key: str
    value: JsonValue
    updated_at: Instant
    expires_at: Instant | None


class TaskStateStoreCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of what a task instance remembers."""

    task_state_store: Sequence[TaskStateStoreResponse]
    total_entries: int


def _finite(value: JsonValue) -> JsonValue:
    if value is None:
        raise ValueError("value cannot be null; DELETE removes a key")
    json.dumps(value, allow_nan=False)
    return value


Kept = Annotated[JsonValue, AfterValidator(_finite)]


class TaskStateStoreBody(Body):
    """A value to remember, and until when: null for ever, `default` as the settings say."""

    value: Kept
    expires_at: Annotated[AwareDatetime, AfterValidator(to_utc)] | Literal["default"] | None = (
        "default"
    )


class TaskStateStorePatchBody(Body):
    """A new value; until when it is remembered stays as it is."""

    value: Kept
