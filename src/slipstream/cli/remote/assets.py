"""`slipstream assets` on a server."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from slipstream.cli.assets import ALIAS_COLUMNS, COLUMNS, DETAILS
from slipstream.cli.dags.dependencies import Link, show
from slipstream.cli.errors import UsageError
from slipstream.cli.output import Row, show_rows
from slipstream.cli.remote.finding import Run
from slipstream.cli.remote.listing import run_row
from slipstream.cli.remote.server import Server, moment_text, place
from slipstream.model.errors import NotFoundError
from slipstream.model.json import JsonValue


class _Alias(msgspec.Struct, kw_only=True):
    id: int
    name: str
    group: str = ""


class _OfDag(msgspec.Struct, kw_only=True):
    dag_id: str
    task_id: str | None = None

    @property
    def text(self) -> str:
        """As people write it down."""
        return self.dag_id if self.task_id is None else f"{self.dag_id}.{self.task_id}"


class _Named(msgspec.Struct, kw_only=True):
    name: str


class _Event(msgspec.Struct, kw_only=True):
    timestamp: datetime | None = None


class _Asset(msgspec.Struct, kw_only=True):
    id: int
    name: str
    uri: str
    group: str = ""
    extra: Mapping[str, JsonValue] | None = None
    created_at: datetime
    updated_at: datetime
    scheduled_dags: list[_OfDag] = []
    producing_tasks: list[_OfDag] = []
    consuming_tasks: list[_OfDag] = []
    aliases: list[_Alias] = []
    watchers: list[_Named] = []
    last_asset_event: _Event | None = None


def list_assets(server: Server, arguments: Namespace) -> None:
    """Print the assets that DAGs mention, or the aliases."""
    rows: list[Row]
    columns: tuple[str, ...]
    if arguments.alias:
        rows = [{"name": alias.name, "group": alias.group} for alias in _aliases(server)]
        columns = ALIAS_COLUMNS
    else:
        rows = [_row(one) for one in server.every(place("assets"), "assets", _Asset)]
        columns = COLUMNS
    if arguments.columns:
        columns = tuple(name.strip() for name in arguments.columns.split(","))
        unknown = [name for name in columns if rows and name not in rows[0]]
        if unknown:
            raise UsageError(
                f"There is no column {unknown[0]!r}; choose among {', '.join(rows[0])}."
            )
    show_rows(rows, arguments.output, columns=columns)


def show_details(server: Server, arguments: Namespace) -> None:
    """Print everything that is known of an asset, or of an alias."""
    if arguments.alias:
        if not arguments.name:
            raise UsageError("Say which alias by --name.")
        found = next((one for one in _aliases(server) if one.name == arguments.name), None)
        if found is None:
            raise NotFoundError(
                f"There is no alias {arguments.name!r}; `slipstream assets list --alias` shows all."
            )
        row: Row = {"name": found.name, "group": found.group, "id": found.id}
        show_rows([row], arguments.output, columns=(*ALIAS_COLUMNS, "id"))
        return
    show_rows([_row(_asset(server, arguments))], arguments.output, columns=DETAILS)


def materialize(server: Server, arguments: Namespace) -> None:
    """Create a run of the one DAG that makes the asset; the server starts it at once."""
    asset = _asset(server, arguments)
    run = server.post(place("assets", asset.id, "materialize"), {}, Run)
    show_rows(
        [run_row(run)],
        arguments.output,
        columns=("dag_id", "dag_run_id", "run_type", "state", "run_after"),
    )


def _asset(server: Server, arguments: Namespace) -> _Asset:
    name, uri = arguments.name, arguments.uri
    if not name and not uri:
        raise UsageError("Say which asset: --name, --uri or both.")
    found = [
        one
        for one in server.every(
            place("assets"), "assets", _Asset, name_pattern=name, only_active=False
        )
        if (not name or one.name == name) and (not uri or one.uri == uri)
    ]
    if not found:
        raise NotFoundError(
            f"There is no asset {name or uri!r}; `slipstream assets list` shows all."
        )
    if len(found) > 1:
        uris = ", ".join(one.uri for one in found)
        raise UsageError(f"Several assets have that name: {uris}. Say which one by --uri.")
    return found[0]


def show_dependencies(server: Server, arguments: Namespace) -> None:
    """Print which DAGs wait for which others, by assets, or save it."""
    show(
        (
            Link(
                asset=one.name,
                producing={of.dag_id for of in one.producing_tasks},
                waiting={of.dag_id for of in one.scheduled_dags},
                reading={of.dag_id for of in one.consuming_tasks},
            )
            for one in server.every(place("assets"), "assets", _Asset)
        ),
        arguments,
    )


def _aliases(server: Server) -> Iterator[_Alias]:
    return server.every(place("assets", "aliases"), "asset_aliases", _Alias)


def _row(asset: _Asset) -> Row:
    last = asset.last_asset_event
    return {
        "name": asset.name,
        "uri": asset.uri,
        "group": asset.group,
        "extra": dict(asset.extra or {}),
        "id": asset.id,
        "created_at": moment_text(asset.created_at),
        "updated_at": moment_text(asset.updated_at),
        "scheduled_dags": [one.text for one in asset.scheduled_dags],
        "producing_tasks": [one.text for one in asset.producing_tasks],
        "consuming_tasks": [one.text for one in asset.consuming_tasks],
        "aliases": [one.name for one in asset.aliases],
        "watchers": [one.name for one in asset.watchers],
        "last_event": None if last is None else moment_text(last.timestamp),
    }
