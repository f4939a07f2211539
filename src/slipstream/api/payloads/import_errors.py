"""DAG files that could not be loaded."""

from __future__ import annotations

from collections.abc import Sequence

from slipstream.api.payloads.base import Instant, Payload


class ImportErrorResponse(Payload, frozen=True, kw_only=True):
    """What went wrong with one file."""

    import_error_id: int
    timestamp: Instant
    filename: str
    bundle_name: str | None
    stack_trace: str


class ImportErrorCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of import errors."""

    import_errors: Sequence[ImportErrorResponse]
    total_entries: int
