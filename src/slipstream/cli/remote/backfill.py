"""`slipstream backfill` on a server."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from slipstream.cli.backfill import COLUMNS
from slipstream.cli.dags.running import parse_conf
from slipstream.cli.moments import moment
from slipstream.cli.output import Row, show_rows
from slipstream.cli.remote.finding import find_dag
from slipstream.cli.remote.server import Server, moment_text, place
from slipstream.model.errors import NotFoundError
from slipstream.model.json import JsonValue


class _Backfill(msgspec.Struct, kw_only=True):
    id: int
    dag_id: str
    from_date: datetime
    to_date: datetime
    max_active_runs: int
    reprocess_behavior: str


class _View(msgspec.Struct, kw_only=True):
    backfill: _Backfill
    state: str
    waiting: int
    runs: Mapping[str, int]
    skipped: Mapping[str, int]


class _Date(msgspec.Struct, kw_only=True):
    logical_date: datetime | None = None
    partition_key: str | None = None
    partition_date: datetime | None = None


class _Dates(msgspec.Struct, kw_only=True):
    backfills: list[_Date]


def create_backfill(server: Server, arguments: Namespace) -> None:
    """Create it; the server starts it at once."""
    dag = find_dag(server, arguments.dag_id)
    body: dict[str, JsonValue] = {
        "dag_id": dag.dag_id,
        "from_date": moment_text(moment(arguments.from_date, server.config)),
        "to_date": moment_text(moment(arguments.to_date, server.config)),
        "dag_run_conf": parse_conf(arguments.dag_run_conf, "--dag-run-conf")
        if arguments.dag_run_conf
        else None,
        "reprocess_behavior": arguments.reprocess_behavior,
        "max_active_runs": arguments.max_active_runs,
        "run_backwards": arguments.run_backwards,
        "run_on_latest_version": arguments.run_on_latest_version,
    }
    if arguments.dry_run:
        found = server.post(place("backfills", "dry_run"), body, _Dates).backfills
        rows: list[Row] = [
            {
                "logical_date": moment_text(one.logical_date),
                "partition_key": one.partition_key,
                "partition_date": moment_text(one.partition_date),
            }
            for one in found
        ]
        columns = ("logical_date", "partition_key", "partition_date")
        show_rows(rows, arguments.output, columns=columns)
        return
    made = server.post(place("backfills"), body, _Backfill)
    _show([_view(server, made.id)], arguments.output)
    if dag.is_paused:
        print(
            f"{dag.dag_id} is paused: the backfill waits for "
            f"`slipstream dags unpause {dag.dag_id}`.",
            file=sys.stderr,
        )


def list_backfills(server: Server, arguments: Namespace) -> None:
    """Print them, oldest first."""
    if arguments.dag_id is not None:
        find_dag(server, arguments.dag_id)
    _show(reversed(list(_views(server, arguments.dag_id))), arguments.output)


def show_backfill(server: Server, arguments: Namespace) -> None:
    """Print one."""
    _show([_view(server, arguments.backfill_id)], arguments.output)


def pause_backfill(server: Server, arguments: Namespace) -> None:
    """Pause one; those of its runs that run go on."""
    _change(server, arguments, "pause")


def unpause_backfill(server: Server, arguments: Namespace) -> None:
    """Let one go on."""
    _change(server, arguments, "unpause")


def cancel_backfill(server: Server, arguments: Namespace) -> None:
    """Cancel one."""
    _change(server, arguments, "cancel")


def _change(server: Server, arguments: Namespace, verb: str) -> None:
    server.send("PUT", place("backfills", arguments.backfill_id, verb))
    _show([_view(server, arguments.backfill_id)], arguments.output)


def _views(server: Server, dag_id: str | None) -> Iterator[_View]:
    return server.every("/ui/backfills", "backfills", _View, dag_id=dag_id)


def _view(server: Server, backfill_id: int) -> _View:
    dag_id = server.get(place("backfills", backfill_id), _Backfill).dag_id
    for view in _views(server, dag_id):
        if view.backfill.id == backfill_id:
            return view
    raise NotFoundError(f"There is no backfill {backfill_id}.")


def _show(views: Iterable[_View], output: str) -> None:
    show_rows((_row(view) for view in views), output, columns=COLUMNS)


def _row(view: _View) -> Row:
    counts = {**view.runs, **view.skipped}
    runs = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
    one = view.backfill
    return {
        "id": one.id,
        "dag_id": one.dag_id,
        "from_date": moment_text(one.from_date),
        "to_date": moment_text(one.to_date),
        "state": view.state,
        "runs": runs or "none yet",
        "waiting": view.waiting,
        "max_active_runs": one.max_active_runs,
        "reprocess_behavior": one.reprocess_behavior,
    }
