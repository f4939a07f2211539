"""`slipstream backfill`."""

from __future__ import annotations

import argparse
import getpass
import sys
from argparse import Namespace
from datetime import UTC, datetime

from slipstream.cli.dags.asking import asker
from slipstream.cli.dags.running import parse_conf
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError
from slipstream.cli.finding import find_dag
from slipstream.cli.grammar import Group
from slipstream.cli.moments import moment
from slipstream.cli.output import Row, as_text, show_rows
from slipstream.model.backfill import Backfill, ReprocessBehavior
from slipstream.model.errors import InvalidInputError
from slipstream.store.backfilling import (
    BackfillRequest,
    dates_to_run,
    requested_backfill,
    require_dates,
)
from slipstream.store.interface import Store
from slipstream.store.records import Window

COLUMNS = (
    "id",
    "dag_id",
    "from_date",
    "to_date",
    "state",
    "runs",
    "waiting",
    "max_active_runs",
    "reprocess_behavior",
)
_PAGE = 1000


def add_commands(group: Group) -> None:
    """The verbs of `backfill`."""
    create = group.verb("create", create_backfill, "Make the runs of a stretch of time")
    create.add_argument("--dag-id", required=True, help="the DAG to backfill")
    create.add_argument(
        "--from-date",
        required=True,
        help="the first date, included; of a partitioned DAG the first partition date",
    )
    create.add_argument("--to-date", required=True, help="the last date, included")
    create.add_argument("--dag-run-conf", default="", help="the conf of the runs, as JSON")
    create.add_argument("--run-backwards", action="store_true", help="the newest dates first")
    create.add_argument(
        "--max-active-runs", type=int, default=10, help="how many may run at once (default: 10)"
    )
    create.add_argument(
        "--reprocess-behavior",
        choices=[str(one) for one in ReprocessBehavior],
        default=str(ReprocessBehavior.NONE),
        help="which runs that are there already run again (default: none)",
    )
    create.add_argument(
        "--run-on-latest-version",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="whether runs that run again do so with the DAG's latest version",
    )
    create.add_argument("--dry-run", action="store_true", help="only say which dates would run")
    create.add_output()
    listing = group.verb("list", list_backfills, "List backfills and how far they are")
    listing.add_argument("--dag-id", help="only those of this DAG")
    listing.add_output()
    for name, run, about in (
        ("show", show_backfill, "Show a backfill and how far it is"),
        ("pause", pause_backfill, "Let a backfill make no more runs"),
        ("unpause", unpause_backfill, "Let a paused backfill go on"),
        ("cancel", cancel_backfill, "End a backfill: runs that wait fail, those that run go on"),
    ):
        verb = group.verb(name, run, about)
        verb.add_argument("backfill_id", type=int)
        verb.add_output()


def create_backfill(deployment: Deployment, arguments: Namespace) -> None:
    """Create it; a running server starts it at once."""
    store = deployment.store
    dag = find_dag(store, arguments.dag_id)
    request = BackfillRequest(
        from_date=moment(arguments.from_date, deployment.config),
        to_date=moment(arguments.to_date, deployment.config),
        conf=parse_conf(arguments.dag_run_conf, "--dag-run-conf")
        if arguments.dag_run_conf
        else None,
        reprocess=ReprocessBehavior(arguments.reprocess_behavior),
        max_active_runs=arguments.max_active_runs,
        run_backwards=arguments.run_backwards,
        on_latest_version=arguments.run_on_latest_version,
        user=_user_name(),
    )
    new, runs = requested_backfill(dag, request, datetime.now(UTC), asker(deployment))
    if arguments.dry_run:
        rows: list[Row] = [
            {
                "logical_date": as_text(run.logical_date),
                "partition_key": run.partition_key,
                "partition_date": as_text(run.partition_date),
            }
            for run in dates_to_run(store, new, runs)
        ]
        columns = ("logical_date", "partition_key", "partition_date")
        show_rows(rows, arguments.output, columns=columns)
        return
    try:
        require_dates(new, runs)
    except InvalidInputError as error:
        raise CommandFailedError(str(error)) from error
    _show(store, [store.create_backfill(new, runs)], arguments.output)
    if dag.is_paused:
        print(
            f"{dag.dag_id} is paused: the backfill waits for "
            f"`slipstream dags unpause {dag.dag_id}`.",
            file=sys.stderr,
        )


def list_backfills(deployment: Deployment, arguments: Namespace) -> None:
    """Print them, oldest first."""
    store = deployment.store
    if arguments.dag_id is not None:
        find_dag(store, arguments.dag_id)
    found: list[Backfill] = []
    while True:
        page = store.list_backfills(arguments.dag_id, Window(limit=_PAGE, offset=len(found)))
        found.extend(page.items)
        if len(page.items) < _PAGE:
            break
    _show(store, found, arguments.output)


def show_backfill(deployment: Deployment, arguments: Namespace) -> None:
    """Print one."""
    store = deployment.store
    _show(store, [store.get_backfill(arguments.backfill_id)], arguments.output)


def pause_backfill(deployment: Deployment, arguments: Namespace) -> None:
    """Pause one; those of its runs that run go on."""
    store = deployment.store
    _show(store, [store.set_backfill_paused(arguments.backfill_id, True)], arguments.output)


def unpause_backfill(deployment: Deployment, arguments: Namespace) -> None:
    """Let one go on."""
    store = deployment.store
    _show(store, [store.set_backfill_paused(arguments.backfill_id, False)], arguments.output)


def cancel_backfill(deployment: Deployment, arguments: Namespace) -> None:
    """Cancel one."""
    store = deployment.store
    _show(store, [store.cancel_backfill(arguments.backfill_id)], arguments.output)


def _show(store: Store, backfills: list[Backfill], output: str) -> None:
    show_rows((_row(store, one) for one in backfills), output, columns=COLUMNS)


def _row(store: Store, backfill: Backfill) -> Row:
    progress = store.backfill_progress(backfill.pk)
    counts = {**progress.runs, **progress.skipped}
    runs = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
    return {
        "id": backfill.pk,
        "dag_id": backfill.dag_id,
        "from_date": as_text(backfill.from_date),
        "to_date": as_text(backfill.to_date),
        "state": _state(backfill),
        "runs": runs or "none yet",
        "waiting": progress.waiting,
        "max_active_runs": backfill.max_active_runs,
        "reprocess_behavior": backfill.reprocess.value,
    }


def _state(backfill: Backfill) -> str:
    if backfill.completed_at is not None:
        return "cancelled" if backfill.is_paused else "completed"
    return "paused" if backfill.is_paused else "running"


def _user_name() -> str | None:
    """The name of the operating system's user; None where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None
