"""Having DAG files loaded again."""

from __future__ import annotations

from starlette.responses import Response

from slipstream.api.auth.access import Resource, editing
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.dags import file_of_token
from slipstream.model.errors import InvalidInputError, NotFoundError

routes = Routes("DAG Parsing")


@routes.add("PUT", "/parseDagFile/{file_token}", permission=editing(Resource.DAG), status=201)
def reparse_dag_file(call: Call, file_token: str) -> Response:
    """Load the file of a DAG again, though it has not changed: its field `file_token` names it."""
    try:
        bundle_name, relative_fileloc = file_of_token(file_token)
    except InvalidInputError as error:
        raise NotFoundError(str(error)) from error
    call.store.request_parse(bundle_name, relative_fileloc)
    return Response(b"null", 201, media_type="application/json")
