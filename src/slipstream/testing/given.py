"""Variables and connections that a test gives, as a store would hold them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from slipstream.model.errors import InvalidInputError
from slipstream.sdk._backend_values import StoredConnection
from slipstream.sdk._connection import Connection


def variable_text(value: object) -> str:
    """A text as it is; anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def stored_connection(conn_id: str, given: object) -> StoredConnection:
    """A connection from a `Connection`, a URI, JSON text or a mapping of its fields; a stored one
    as it is.

    Raises `InvalidInputError` for anything else, or what cannot be read.
    """
    if isinstance(given, StoredConnection):
        return given
    made = _made(conn_id, given)
    return StoredConnection(
        conn_id=conn_id,
        conn_type=made.conn_type or "",
        description=made.description,
        host=made.host,
        login=made.login,
        password=made.password,
        schema=made.schema,
        port=made.port,
        extra=made.extra,
    )


def _made(conn_id: str, given: object) -> Connection:
    if isinstance(given, Connection):
        return given
    try:
        if isinstance(given, Mapping):
            return Connection.from_json(json.dumps(dict(given)), conn_id=conn_id)
        if isinstance(given, str) and given.lstrip().startswith("{"):
            return Connection.from_json(given, conn_id=conn_id)
        if isinstance(given, str):
            return Connection(conn_id=conn_id, uri=given)
    except ValueError as error:
        raise InvalidInputError(f"connection {conn_id!r}: {error}") from error
    raise InvalidInputError(
        f"connection {conn_id!r} is given as a {type(given).__name__}; expected a Connection, a "
        "URI, or a mapping of its fields (conn_type, host, login, password …)."
    )
