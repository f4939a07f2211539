"""DAG files that could not be loaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from slipstream.api.payloads.base import Payload


class ImportErrorResponse(Payload):
    """What went wrong with one file."""

    import_error_id: int
    timestamp: datetime
    filename: str
    bundle_name: str | None
    stack_trace: str


class ImportErrorCollectionResponse(Payload):
    """A page of import errors."""

    import_errors: Sequence[ImportErrorResponse]
    total_entries: int
