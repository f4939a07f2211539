"""DAG files that could not be loaded."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.filters import Paging, like
from slipstream.api.payloads.import_errors import (
    ImportErrorCollectionResponse,
    ImportErrorResponse,
)
from slipstream.model.version import FileError
from slipstream.store.records import FileErrorFilter

routes = Routes("Import Error")

_ORDER: Final = {
    "id": "id",
    "import_error_id": "id",
    "timestamp": "timestamp",
    "filename": "fileloc",
    "bundle_name": "bundle_name",
    "stacktrace": "stack_trace",
}


class ImportErrorQuery(Paging):
    """Which import errors."""

    filename: str | None = None
    filename_pattern: str | None = None
    filename_prefix_pattern: str | None = None
    bundle_name: str | None = None


@routes.add(
    "GET",
    "/importErrors",
    permission=reading(Resource.IMPORT_ERROR),
    answer=ImportErrorCollectionResponse,
)
def get_import_errors(
    call: Call, query: Annotated[ImportErrorQuery, QueryParameter()]
) -> ImportErrorCollectionResponse:
    """A page of import errors."""
    which = FileErrorFilter(
        filelocs=None if query.filename is None else [query.filename],
        fileloc_pattern=like(query.filename_pattern, query.filename_prefix_pattern),
        bundle_name=query.bundle_name,
    )
    page = call.store.list_file_errors(query.window(call.settings, _ORDER), which)
    return ImportErrorCollectionResponse(
        import_errors=[_payload(error) for error in page.items], total_entries=page.total
    )


@routes.add(
    "GET",
    "/importErrors/{import_error_id}",
    permission=reading(Resource.IMPORT_ERROR),
    answer=ImportErrorResponse,
)
def get_import_error(call: Call, import_error_id: int) -> ImportErrorResponse:
    """One import error."""
    return _payload(call.store.get_file_error(import_error_id))


def _payload(error: FileError) -> ImportErrorResponse:
    return ImportErrorResponse(
        import_error_id=error.pk,
        timestamp=error.timestamp,
        filename=error.fileloc,
        bundle_name=error.bundle_name,
        stack_trace=error.stack_trace,
    )
