"""`slipstream connections`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import replace

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.files import parse_env, parse_object, read_text, write_text
from slipstream.cli.grammar import Group
from slipstream.cli.output import Row, show_rows
from slipstream.cli.paging import every
from slipstream.cli.teams import team_of_entry
from slipstream.model.errors import AlreadyExistsError, NotFoundError
from slipstream.model.json import JsonValue
from slipstream.sdk._connection import Connection
from slipstream.store.interface import Store
from slipstream.store.records import ConnectionRecord

FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")
LIST_COLUMNS = ("conn_id", "conn_type", "description", "host", "schema", "login", "port")
GET_COLUMNS = ("conn_id", *FIELDS, "get_uri")
HIDDEN = "***"


def add_commands(group: Group) -> None:
    """The verbs of `connections`."""
    add = group.verb("add", add_connection, "Create a connection")
    add.add_argument("conn_id")
    whole = add.add_mutually_exclusive_group()
    whole.add_argument("--conn-uri", help="as type://login:password@host:port/schema?key=value")
    whole.add_argument("--conn-json", help="a JSON object of the fields")
    for field in FIELDS:
        name = field.removeprefix("conn_")
        add.add_argument(f"--conn-{name}", dest=field, type=int if field == "port" else str)
    listed = group.verb("list", list_connections, "List the connections, without passwords")
    listed.add_argument("--conn-id", help="only this one")
    listed.add_argument(
        "--show-values", action="store_true", help="with everything, passwords in the clear"
    )
    listed.add_hidden_secrets()
    listed.add_output()
    get = group.verb("get", get_connection, "Show a connection")
    get.add_argument("conn_id")
    get.add_argument("--show-secrets", action="store_true", help="passwords in the clear")
    get.add_color()
    get.add_output()
    group.verb(
        "create-default-connections",
        create_default_connections,
        "Create those that hooks of providers look for",
    )
    delete = group.verb("delete", delete_connection, "Remove a connection")
    delete.add_argument("conn_id")
    delete.add_color()
    _add_files(group)
    test = group.verb("test", test_connection, "Try whether the service answers")
    test.add_argument("conn_id")


def _add_files(group: Group) -> None:
    importing = group.verb("import", import_connections, "Read connections from a file")
    importing.add_argument("file", help="a .json, .yaml or .env file, or - for JSON on the input")
    importing.add_argument("--overwrite", action="store_true", help="replace those there already")
    export = group.verb("export", export_connections, "Write all connections, passwords too")
    export.add_argument("file_path", metavar="FILE", help="the file, or - for standard output")
    export.add_argument(
        "--file-format", "--format", choices=("json", "yaml", "env"), help="default: by the ending"
    )
    export.add_argument(
        "--serialization-format",
        choices=("uri", "json"),
        help="of a connection in an env file (default: uri)",
    )


def add_connection(deployment: Deployment, arguments: Namespace) -> None:
    """Store a new one. Raises `AlreadyExistsError`."""
    record = connection_of(arguments)
    if not record.conn_type:
        raise UsageError("A connection needs a type: give --conn-uri, --conn-json or --conn-type.")
    store = deployment.store
    if store.get_connection(record.conn_id) is not None:
        raise AlreadyExistsError(
            f"There already is a connection {record.conn_id!r}; delete it first."
        )
    store.set_connection(record)
    print(f"Successfully added `conn_id`={record.conn_id} : {masked_uri(record)}")


def list_connections(deployment: Deployment, arguments: Namespace) -> None:
    """Print all, without what is secret."""
    show_rows(
        (
            _row(record, in_clear=arguments.show_values and not arguments.hide_sensitive)
            for record in _all(deployment.store)
            if arguments.conn_id in (None, record.conn_id)
        ),
        arguments.output,
        columns=GET_COLUMNS if arguments.show_values else LIST_COLUMNS,
    )


def create_default_connections(deployment: Deployment, _arguments: Namespace) -> None:
    """Store those that hooks of providers look for, as far as they are not there."""
    from slipstream.store.default_connections import create_missing

    created = create_missing(deployment.store)
    print(f"Created {len(created)} connections; those of the same names stay as they are.")


def get_connection(deployment: Deployment, arguments: Namespace) -> None:
    """Print one, its secrets only on demand."""
    row = _row(_existing(deployment.store, arguments.conn_id), in_clear=arguments.show_secrets)
    show_rows([row], arguments.output, columns=GET_COLUMNS)


def _row(record: ConnectionRecord, *, in_clear: bool) -> Row:
    row = {**connection_row(record), "get_uri": masked_uri(record)}
    if in_clear:
        row |= {"password": record.password, "extra": record.extra}
        row["get_uri"] = _sdk_connection(record).get_uri()
    return row


def delete_connection(deployment: Deployment, arguments: Namespace) -> None:
    """Remove one."""
    if not deployment.store.delete_connection(arguments.conn_id):
        raise _missing(arguments.conn_id)
    print(f"Successfully deleted connection with `conn_id`={arguments.conn_id}")


def import_connections(deployment: Deployment, arguments: Namespace) -> None:
    """Store every entry of a file; those that are there already stay unless overwritten."""
    store = deployment.store
    records = connections_in(arguments.file)
    existing = {record.conn_id: record.team_name for record in _all(store)}
    for record in records:
        team_of_entry(deployment, record.team_name)
    for record in records:
        if record.conn_id in existing and not arguments.overwrite:
            print(f"Could not import connection {record.conn_id}: connection already exists.")
            continue
        team = record.team_name or existing.get(record.conn_id)
        store.set_connection(replace(record, team_name=team))
        print(f"Imported connection {record.conn_id}")


def export_connections(deployment: Deployment, arguments: Namespace) -> None:
    """Write all of them in the clear."""
    records = list(_all(deployment.store))
    form = arguments.file_format or _format_of(arguments.file_path)
    owned = [record.conn_id for record in records if record.team_name is not None]
    if form == "env" and owned:
        print(
            f"slipstream: an env file does not say whose a connection is: {', '.join(owned)}. "
            "Export JSON or YAML to keep the teams.",
            file=sys.stderr,
        )
    if arguments.serialization_format and form != "env":
        raise UsageError("--serialization-format is for env files: add --file-format env.")
    write_text(
        arguments.file_path, _exported(records, form, arguments.serialization_format or "uri")
    )
    if arguments.file_path != "-":
        print(f"Connections successfully exported to {arguments.file_path}.")


def test_connection(deployment: Deployment, arguments: Namespace) -> None:
    """Ask the hook of the connection's type. Raises `CommandFailedError`."""
    setting = deployment.config.setting("core", "test_connection")
    if (setting.value or "").lower() != "enabled":
        raise CommandFailedError(
            f"Testing connections is {setting.value} ({setting.source}); "
            f"set [core] test_connection to Enabled to allow it."
        )
    record = _existing(deployment.store, arguments.conn_id)
    done, message = _tested(record)
    if not done:
        raise CommandFailedError(f"Connection {record.conn_id} failed: {message}")
    print(f"Connection success! {message}")


def _tested(record: ConnectionRecord) -> tuple[bool, str]:
    """The hook finds the connection where every task finds one: in the environment."""
    import os

    from slipstream.compat import install

    install()
    connection = _sdk_connection(record)
    os.environ[f"AIRFLOW_CONN_{record.conn_id.upper()}"] = connection.as_json()
    return connection.test_connection()


def _all(store: Store) -> Iterator[ConnectionRecord]:
    return every(lambda window: store.list_connections(None, window))


def _existing(store: Store, conn_id: str) -> ConnectionRecord:
    record = store.get_connection(conn_id)
    if record is None:
        raise _missing(conn_id)
    return record


def _missing(conn_id: str) -> NotFoundError:
    return NotFoundError(
        f"There is no connection {conn_id!r}; `slipstream connections list` shows all."
    )


def connection_of(arguments: Namespace) -> ConnectionRecord:
    """The connection that the options of `add` describe."""
    single = {field: getattr(arguments, field) for field in FIELDS}
    given = {field: value for field, value in single.items() if value is not None}
    text = arguments.conn_uri or arguments.conn_json
    if text is None:
        return ConnectionRecord(conn_id=arguments.conn_id, **{"conn_type": "", **given})
    if set(given) - {"description"}:
        option = "--conn-uri" if arguments.conn_uri else "--conn-json"
        raise UsageError(f"{option} says everything; leave the options of single fields out.")
    record = _record(arguments.conn_id, text)
    if not arguments.description:
        return record
    return replace(record, description=arguments.description)


def _record(conn_id: str, entry: JsonValue) -> ConnectionRecord:
    """A connection from a URI, a JSON text or an object of its fields."""
    try:
        if isinstance(entry, Mapping):
            connection = Connection.from_json(json.dumps(entry), conn_id=conn_id)
        elif isinstance(entry, str) and entry.lstrip().startswith("{"):
            connection = Connection.from_json(entry, conn_id=conn_id)
        elif isinstance(entry, str):
            connection = Connection.from_uri(entry, conn_id=conn_id)
        else:
            raise ValueError(f"Connection {conn_id!r} is neither a URI nor an object.")
    except ValueError as error:
        raise CommandFailedError(str(error)) from error
    return ConnectionRecord(
        conn_id=conn_id,
        conn_type=connection.conn_type,
        description=connection.description,
        host=connection.host,
        login=connection.login,
        password=connection.password,
        schema=connection.schema,
        port=connection.port,
        extra=connection.extra,
        team_name=_team_in(entry),
    )


def _team_in(entry: JsonValue) -> str | None:
    team = entry.get("team_name") if isinstance(entry, Mapping) else None
    return None if team is None else str(team)


def _sdk_connection(record: ConnectionRecord) -> Connection:
    return Connection(conn_id=record.conn_id, **{field: getattr(record, field) for field in FIELDS})


def masked_uri(record: ConnectionRecord) -> str:
    """The URI without what is secret."""
    shown = replace(record, password=record.password and HIDDEN, extra=None)
    return _sdk_connection(shown).get_uri().replace("%2A%2A%2A", HIDDEN)


def connection_row(record: ConnectionRecord) -> dict[str, JsonValue]:
    """A connection as a row, its secrets hidden."""
    row: dict[str, JsonValue] = {field: getattr(record, field) for field in FIELDS}
    return {
        "conn_id": record.conn_id,
        **row,
        "password": record.password and HIDDEN,
        "extra": record.extra and HIDDEN,
    }


def _format_of(name: str) -> str:
    ending = name.rpartition(".")[2]
    if ending in {"yml", "yaml"}:
        return "yaml"
    return "env" if ending == "env" else "json"


def connections_in(name: str) -> list[ConnectionRecord]:
    """The connections of a file. Raises `CommandFailedError`."""
    text = read_text(name)
    form = _format_of(name)
    entries: Mapping[str, JsonValue] = (
        parse_env(name, text) if form == "env" else parse_object(name, text)
    )
    return [_record(conn_id, entry) for conn_id, entry in entries.items()]


def _exported(records: list[ConnectionRecord], form: str, serialization: str) -> str:
    connections = [_sdk_connection(record) for record in records]
    if form == "env":
        return "".join(
            f"{connection.conn_id}="
            f"{connection.get_uri() if serialization == 'uri' else connection.as_json()}\n"
            for connection in connections
        )
    entries: dict[str, Row] = {
        record.conn_id: {
            **{field: getattr(record, field) for field in FIELDS},
            **({} if record.team_name is None else {"team_name": record.team_name}),
        }
        for record in records
    }
    if form == "yaml":
        import yaml

        text: str = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True)
        return text
    return json.dumps(entries, indent=2, ensure_ascii=False)
