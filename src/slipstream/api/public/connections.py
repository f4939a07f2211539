"""Connections."""

from __future__ import annotations

import json
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, creating, deleting, editing, reading
from slipstream.api.bulk import Target, carry_out
from slipstream.api.call import Call
from slipstream.api.errors import UnprocessableError
from slipstream.api.masking import masked_password, masked_text, unmasked_text
from slipstream.api.operation import Routes
from slipstream.api.payloads.bulk import BulkBody, BulkResponse
from slipstream.api.payloads.filters import Paging, like
from slipstream.api.payloads.settings import (
    ConnectionBody,
    ConnectionCollectionResponse,
    ConnectionResponse,
)
from slipstream.api.teams import chosen_team
from slipstream.api.update_mask import changed_fields
from slipstream.model.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from slipstream.store.records import ConnectionRecord

routes = Routes("Connection")

_CONNECTION: Final = "/connections/{connection_id}"
_ORDER: Final = {
    "id": "conn_id",
    "conn_id": "conn_id",
    "connection_id": "conn_id",
    "conn_type": "conn_type",
    "description": "description",
    "host": "host",
    "port": "port",
    "team_name": "team_name",
}


class ConnectionQuery(Paging):
    """Which connections."""

    connection_id_pattern: str | None = None
    connection_id_prefix_pattern: str | None = None


@routes.add(
    "GET",
    "/connections",
    permission=reading(Resource.CONNECTION),
    answer=ConnectionCollectionResponse,
)
def get_connections(
    call: Call, query: Annotated[ConnectionQuery, QueryParameter()]
) -> ConnectionCollectionResponse:
    """A page of connections."""
    pattern = like(query.connection_id_pattern, query.connection_id_prefix_pattern)
    page = call.store.list_connections(pattern, query.window(call.settings, _ORDER))
    return ConnectionCollectionResponse(
        connections=[_payload(connection) for connection in page.items],
        total_entries=page.total,
    )


@routes.add(
    "POST",
    "/connections",
    permission=creating(Resource.CONNECTION),
    answer=ConnectionResponse,
    status=201,
)
def post_connection(call: Call, body: ConnectionBody) -> ConnectionResponse:
    """Create a connection."""
    if call.store.get_connection(body.connection_id) is not None:
        raise AlreadyExistsError(
            f"There is a connection {body.connection_id!r} already; PATCH changes it."
        )
    connection = new_connection(call, body)
    call.store.set_connection(connection)
    return _payload(connection)


def new_connection(call: Call, body: ConnectionBody) -> ConnectionRecord:
    """The connection that the body describes."""
    return ConnectionRecord(
        conn_id=body.connection_id,
        conn_type=body.conn_type,
        description=body.description,
        host=body.host,
        login=body.login,
        password=body.password,
        schema=body.schema_,
        port=body.port,
        extra=_json_object(body.extra),
        team_name=chosen_team(call, body.team_name),
    )


@routes.add("PATCH", "/connections", permission=editing(Resource.CONNECTION), answer=BulkResponse)
def bulk_connections(call: Call, body: BulkBody[ConnectionBody]) -> BulkResponse:
    """Create, change and remove connections."""

    def id_of(connection: str | ConnectionBody) -> str:
        return connection if isinstance(connection, str) else connection.connection_id

    target = Target[ConnectionBody](
        noun="connections",
        key=id_of,
        exists=lambda connection: call.store.get_connection(id_of(connection)) is not None,
        create=lambda connection: post_connection(call, connection),
        update=lambda connection, mask: patch_connection(
            call, connection.connection_id, connection, mask
        ),
        delete=lambda connection: delete_connection(call, id_of(connection)),
    )
    return carry_out(body, target)


@routes.add("GET", _CONNECTION, permission=reading(Resource.CONNECTION), answer=ConnectionResponse)
def get_connection(call: Call, connection_id: str) -> ConnectionResponse:
    """One connection."""
    return _payload(_stored(call, connection_id))


@routes.add(
    "PATCH", _CONNECTION, permission=editing(Resource.CONNECTION), answer=ConnectionResponse
)
def patch_connection(
    call: Call,
    connection_id: str,
    body: ConnectionBody,
    update_mask: Annotated[list[str] | None, QueryParameter()] = None,
) -> ConnectionResponse:
    """Change a connection. A masked password or part of the extra keeps what it hides."""
    if body.connection_id != connection_id:
        raise InvalidInputError(
            f"The body's connection_id {body.connection_id!r} is not the path's "
            f"{connection_id!r}: a connection keeps its id."
        )
    stored = _stored(call, connection_id)
    connection = changed_connection(call, stored, body, update_mask)
    call.store.set_connection(connection)
    return _payload(connection)


def changed_connection(
    call: Call,
    stored: ConnectionRecord,
    body: ConnectionBody,
    update_mask: list[str] | None = None,
) -> ConnectionRecord:
    """The stored connection with what the body says of it; masks keep what they hide."""
    changed = changed_fields(body, update_mask)
    return ConnectionRecord(
        conn_id=stored.conn_id,
        conn_type=body.conn_type if "conn_type" in changed else stored.conn_type,
        description=body.description if "description" in changed else stored.description,
        host=body.host if "host" in changed else stored.host,
        login=body.login if "login" in changed else stored.login,
        password=(
            unmasked_text(body.password, stored.password)
            if "password" in changed
            else stored.password
        ),
        schema=body.schema_ if "schema" in changed else stored.schema,
        port=body.port if "port" in changed else stored.port,
        extra=(
            unmasked_text(_json_object(body.extra), stored.extra)
            if "extra" in changed
            else stored.extra
        ),
        team_name=(
            chosen_team(call, body.team_name) if "team_name" in changed else stored.team_name
        ),
    )


@routes.add("DELETE", _CONNECTION, permission=deleting(Resource.CONNECTION), status=204)
def delete_connection(call: Call, connection_id: str) -> None:
    """Remove a connection."""
    if not call.store.delete_connection(connection_id):
        raise _missing(connection_id)


def _stored(call: Call, conn_id: str) -> ConnectionRecord:
    connection = call.store.get_connection(conn_id)
    if connection is None:
        raise _missing(conn_id)
    return connection


def _missing(conn_id: str) -> NotFoundError:
    return NotFoundError(f"The Connection with connection_id: {conn_id!r} was not found")


def _json_object(extra: str | None) -> str | None:
    """The extra, once it is known to be a JSON object."""
    if not extra:
        return extra
    try:
        document = json.loads(extra)
    except ValueError as error:
        raise UnprocessableError(
            "The `extra` field must be a valid JSON object (e.g., {'key': 'value'})."
        ) from error
    if not isinstance(document, dict):
        raise UnprocessableError(
            f"The `extra` field must be a JSON object; this is a {type(document).__name__}."
        )
    return extra


def _payload(connection: ConnectionRecord) -> ConnectionResponse:
    return ConnectionResponse(
        connection_id=connection.conn_id,
        conn_type=connection.conn_type,
        description=connection.description,
        host=connection.host,
        login=connection.login,
        schema=connection.schema,
        port=connection.port,
        password=masked_password(connection.password),
        extra=masked_text("", connection.extra),
        team_name=connection.team_name,
    )
