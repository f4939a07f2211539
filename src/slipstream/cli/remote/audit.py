"""`slipstream audit` on a server, which shows what its user may see."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import datetime
from itertools import islice

import msgspec

from slipstream.cli.audit import COLUMNS, limit_of
from slipstream.cli.moments import moment
from slipstream.cli.output import Row, show_rows
from slipstream.cli.remote.server import Server, moment_text, place


class _Entry(msgspec.Struct, kw_only=True):
    when: datetime
    event: str
    owner: str | None = None
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    extra: str | None = None


def list_entries(server: Server, arguments: Namespace) -> None:
    """Print entries of the audit log."""
    limit = limit_of(arguments)
    found = server.every(
        place("eventLogs"),
        "event_logs",
        _Entry,
        dag_id=arguments.dag_id,
        run_id=arguments.run_id,
        task_id=arguments.task_id,
        owner=arguments.user,
        included_events=arguments.event,
        after=None if arguments.since is None else moment(arguments.since, server.config),
        before=None if arguments.until is None else moment(arguments.until, server.config),
        order_by="-when",
    )
    show_rows(map(_row, islice(found, limit)), arguments.output, columns=COLUMNS)


def _row(entry: _Entry) -> Row:
    details = json.loads(entry.extra or "{}")
    return {
        "when": moment_text(entry.when),
        "user": entry.owner,
        "event": entry.event,
        "dag_id": entry.dag_id,
        "run_id": entry.run_id,
        "task_id": entry.task_id,
        "map_index": entry.map_index,
        "via": details.pop("via", None),
        "details": details,
    }
