"""`slipstream connections` on a server, which sends no secret back."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

import msgspec

from slipstream.cli.connections import (
    GET_COLUMNS,
    LIST_COLUMNS,
    connection_of,
    connection_row,
    connections_in,
    masked_uri,
)
from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.output import show_rows
from slipstream.cli.remote.server import Server, place
from slipstream.model.errors import AlreadyExistsError, NotFoundError
from slipstream.store.records import ConnectionRecord


class _Connection(msgspec.Struct, kw_only=True):
    connection_id: str
    conn_type: str
    description: str | None = None
    host: str | None = None
    login: str | None = None
    schema: str | None = None
    port: int | None = None
    password: str | None = None
    extra: str | None = None
    team_name: str | msgspec.UnsetType | None = msgspec.UNSET
    """Not sent, it stays as it is."""

    @property
    def record(self) -> ConnectionRecord:
        """As local commands know it."""
        fields = msgspec.structs.asdict(self) | {"team_name": self.team_name or None}
        return ConnectionRecord(conn_id=fields.pop("connection_id"), **fields)


class _Tested(msgspec.Struct, kw_only=True):
    status: bool
    message: str


def add_connection(server: Server, arguments: Namespace) -> None:
    """Store a new one. Raises `AlreadyExistsError`."""
    record = connection_of(arguments)
    if not record.conn_type:
        raise UsageError("A connection needs a type: give --conn-uri, --conn-json or --conn-type.")
    try:
        server.post(place("connections"), _sent(record), _Connection)
    except AlreadyExistsError as error:
        raise AlreadyExistsError(
            f"There already is a connection {record.conn_id!r}; delete it first."
        ) from error
    print(f"Successfully added `conn_id`={record.conn_id} : {masked_uri(record)}")


def list_connections(server: Server, arguments: Namespace) -> None:
    """Print all, without what is secret."""
    if arguments.show_values and not arguments.hide_sensitive:
        raise UsageError("A server does not send passwords: add --hide-sensitive.")
    show_rows(
        (
            {**connection_row(one.record), "get_uri": masked_uri(one.record)}
            for one in _all(server)
            if arguments.conn_id in (None, one.connection_id)
        ),
        arguments.output,
        columns=GET_COLUMNS if arguments.show_values else LIST_COLUMNS,
    )


def create_default_connections(server: Server, _arguments: Namespace) -> None:
    """Have those created that hooks of providers look for."""
    before = {one.connection_id for one in _all(server)}
    server.send("POST", place("connections", "defaults"), {})
    created = sum(one.connection_id not in before for one in _all(server))
    print(f"Created {created} connections; those of the same names stay as they are.")


def get_connection(server: Server, arguments: Namespace) -> None:
    """Print one without its secrets."""
    if arguments.show_secrets:
        raise UsageError(
            "A server does not send secrets: leave --show-secrets out, or ask on the server's own "
            "machine."
        )
    record = _existing(server, arguments.conn_id).record
    row = {**connection_row(record), "get_uri": masked_uri(record)}
    show_rows([row], arguments.output, columns=GET_COLUMNS)


def delete_connection(server: Server, arguments: Namespace) -> None:
    """Remove one."""
    try:
        server.send("DELETE", place("connections", arguments.conn_id))
    except NotFoundError as error:
        raise _missing(arguments.conn_id) from error
    print(f"Successfully deleted connection with `conn_id`={arguments.conn_id}")


def import_connections(server: Server, arguments: Namespace) -> None:
    """Store every entry of a file; those that are there already stay unless overwritten."""
    records = connections_in(arguments.file)
    existing = {one.connection_id for one in _all(server)}
    for record in records:
        if record.conn_id not in existing:
            server.post(place("connections"), _sent(record), _Connection)
        elif arguments.overwrite:
            server.patch(place("connections", record.conn_id), _sent(record), _Connection)
        else:
            print(f"Could not import connection {record.conn_id}: connection already exists.")
            continue
        print(f"Imported connection {record.conn_id}")


def test_connection(server: Server, arguments: Namespace) -> None:
    """Have the server ask the hook of the connection's type. Raises `CommandFailedError`."""
    found = _existing(server, arguments.conn_id)
    tested = server.post(place("connections", "test"), found, _Tested)
    if not tested.status:
        raise CommandFailedError(f"Connection {arguments.conn_id} failed: {tested.message}")
    print(f"Connection success! {tested.message}")


def _all(server: Server) -> Iterator[_Connection]:
    return server.every(place("connections"), "connections", _Connection)


def _existing(server: Server, conn_id: str) -> _Connection:
    try:
        return server.get(place("connections", conn_id), _Connection)
    except NotFoundError as error:
        raise _missing(conn_id) from error


def _missing(conn_id: str) -> NotFoundError:
    return NotFoundError(
        f"There is no connection {conn_id!r}; `slipstream connections list` shows all."
    )


def _sent(record: ConnectionRecord) -> _Connection:
    return _Connection(
        connection_id=record.conn_id,
        conn_type=record.conn_type,
        description=record.description,
        host=record.host,
        login=record.login,
        schema=record.schema,
        port=record.port,
        password=record.password,
        extra=record.extra,
        team_name=record.team_name or msgspec.UNSET,
    )
