"""`slipstream audit`: who did what."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from datetime import UTC

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.grammar import Group
from slipstream.cli.moments import moment
from slipstream.cli.output import Row, show_rows
from slipstream.cli.paging import every
from slipstream.model.json import JsonValue
from slipstream.store.event_records import EventFilter, EventRecord

COLUMNS = ("when", "user", "event", "dag_id", "run_id", "task_id", "map_index", "via", "details")
_MOST = 100


def add_commands(group: Group) -> None:
    """The verbs of `audit`."""
    listing = group.verb("list", list_entries, "List who did what, the newest first")
    listing.add_argument("--dag-id", help="about this DAG alone")
    listing.add_argument("--run-id", help="about this run alone")
    listing.add_argument("--task-id", help="about this task alone")
    listing.add_argument("--user", help="what this user did")
    listing.add_argument(
        "--event",
        action="append",
        metavar="NAME",
        help="what was done, such as patch_dag or alert_failed; may be given several times",
    )
    listing.add_argument("--since", metavar="MOMENT", help="from then on, as 2026-01-31T12:00")
    listing.add_argument("--until", metavar="MOMENT", help="up to then")
    listing.add_argument(
        "--limit", type=int, default=_MOST, help="at most so many; 0 for all (default: 100)"
    )
    listing.add_output()


def list_entries(deployment: Deployment, arguments: Namespace) -> None:
    """Print entries of the audit log."""
    which = EventFilter(
        dag_id=arguments.dag_id,
        run_id=arguments.run_id,
        task_id=arguments.task_id,
        owner=arguments.user,
        included_events=arguments.event,
        after=None if arguments.since is None else moment(arguments.since, deployment.config),
        before=None if arguments.until is None else moment(arguments.until, deployment.config),
    )
    store, limit = deployment.store, limit_of(arguments)
    found = every(lambda page: store.list_events(which, page), order_by=("-when",), limit=limit)
    show_rows(map(_row, found), arguments.output, columns=COLUMNS)


def limit_of(arguments: Namespace) -> int | None:
    """How many entries are wanted; None for all. Raises `UsageError`."""
    limit: int = arguments.limit
    if limit < 0:
        raise UsageError(f"--limit is {limit}; expected a number of entries, or 0 for all.")
    return limit or None


def _row(record: EventRecord) -> Row:
    what = record.what
    details: Mapping[str, JsonValue] = {"from": what.address, **what.details}
    return {
        "when": record.when.astimezone(UTC).isoformat(),
        "user": what.owner,
        "event": what.event,
        "dag_id": what.dag_id,
        "run_id": what.run_id,
        "task_id": what.task_id,
        "map_index": what.map_index,
        "via": what.door.value,
        "details": details,
    }
