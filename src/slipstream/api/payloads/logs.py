"""Logs of task attempts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from slipstream.api.payloads.base import Instant, Payload


class StructuredLogMessage(Payload, frozen=True, kw_only=True):
    """One line. Beside these fields it has whatever the logger was given: level, logger …"""

    timestamp: Instant | msgspec.UnsetType = msgspec.UNSET
    event: str


_Lines = Annotated[
    Sequence[StructuredLogMessage],
    msgspec.Meta(
        extra_json_schema={
            "anyOf": [
                {
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/StructuredLogMessage"},
                },
                {"type": "array", "items": {"type": "string"}},
            ]
        }
    ),
]
"""Structured lines; clients are prepared for plain ones too."""


class TaskInstancesLogResponse(Payload, frozen=True, kw_only=True):
    """Lines of a log, and where to go on; null at its end."""

    content: _Lines
    continuation_token: str | None


class ExternalLogUrlResponse(Payload, frozen=True, kw_only=True):
    """Where else the log can be read."""

    url: str
