"""What a form for connections needs to know of each type."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.base import Payload
from slipstream.model.errors import SlipstreamError
from slipstream.model.json import JsonValue

routes = Routes("UI", prefix="/ui")

_PATIENCE_SECONDS: Final = 60.0


class ConnectionTypesError(SlipstreamError):
    """The installed providers could not be asked for their connection types."""


class ConnectionTypePayload(Payload, frozen=True, kw_only=True):
    """A type of connections, as its provider describes it."""

    connection_type: str
    hook_name: str
    """What people call it."""
    package_name: str | None
    hidden_fields: Sequence[str]
    relabeling: Mapping[str, str]
    placeholders: Mapping[str, str]
    fields: Mapping[str, JsonValue]
    """What belongs into the extra: `{name: {value, description, schema}}`."""


class ConnectionTypesResponse(Payload, frozen=True, kw_only=True):
    """All types that are known here."""

    types: Sequence[ConnectionTypePayload]
    can_test: bool
    """Whether the settings let connections be tested."""


@routes.add(
    "GET",
    "/connectionTypes",
    permission=reading(Resource.CONNECTION),
    answer=ConnectionTypesResponse,
    slow=True,
)
def get_connection_types(call: Call) -> ConnectionTypesResponse:
    """The connection types of the installed providers. Raises `ConnectionTypesError`."""
    can_test = call.settings.test_connection == "Enabled"
    return ConnectionTypesResponse(types=_types(), can_test=can_test)


@cache
def _types() -> Sequence[ConnectionTypePayload]:
    """Asked once, in a process of its own: the server runs no code of packages."""
    command = [sys.executable, "-m", "slipstream.runtime.connection_forms"]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_PATIENCE_SECONDS, check=True, text=True
        )
    except subprocess.SubprocessError as error:
        said = getattr(error, "stderr", None) or str(error)
        raise ConnectionTypesError(
            f"The installed providers could not be asked for their connection types: {said[-500:]}"
        ) from error
    return [ConnectionTypePayload(**found) for found in json.loads(done.stdout)]
