"""Logs of task attempts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, WithJsonSchema

from slipstream.api.payloads.base import Payload

_Written = Annotated[datetime | None, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time that may be left out but is never null."""


class StructuredLogMessage(Payload):
    """One line. Beside these fields it has whatever the logger was given: level, logger …"""

    model_config = ConfigDict(defer_build=True, extra="allow")

    timestamp: _Written = None
    event: str


class TaskInstancesLogResponse(Payload):
    """Lines of a log, and where to go on; null at its end."""

    content: Sequence[StructuredLogMessage] | Sequence[str]
    continuation_token: str | None


class ExternalLogUrlResponse(Payload):
    """Where else the log can be read."""

    url: str
