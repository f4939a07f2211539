"""`slipstream db`."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime

from slipstream.cli.asking import confirm
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError
from slipstream.cli.grammar import Group
from slipstream.cli.moments import moment
from slipstream.cli.output import show_rows
from slipstream.cli.places import without_password


def add_commands(group: Group) -> None:
    """The verbs of `db`."""
    group.verb("migrate", migrate, "Create the tables, or bring them to this version's schema")
    check = group.verb("check", check_database, "Check that the database can be reached")
    check.add_argument("--retry", type=int, default=0, help="try so many times more")
    check.add_argument("--retry-delay", type=float, default=1, help="seconds between two tries")
    revision = group.verb("check-migrations", check_migrations, "Check that no migration is due")
    revision.add_argument(
        "-t", "--migration-wait-timeout", type=float, default=0, help="seconds to wait for it"
    )
    reset = group.verb("reset", reset_database, "Drop everything and create it anew")
    reset.add_confirmation()
    clean = group.verb("clean", clean_database, "Remove what ended before a moment")
    clean.add_argument("--clean-before-timestamp", required=True, metavar="MOMENT", help="ISO 8601")
    clean.add_argument("-t", "--tables", help="only these tables, with commas between")
    clean.add_argument("--dry-run", action="store_true", help="only count")
    clean.add_argument(
        "--skip-archive", action="store_true", help="accepted; nothing is ever archived"
    )
    clean.add_confirmation()
    clean.add_output()


def migrate(deployment: Deployment, _arguments: Namespace) -> None:
    """Bring the schema up to date."""
    deployment.unchecked_store.migrate()
    print(f"Database is at schema {deployment.unchecked_store.schema_revision()}.")


def check_database(deployment: Deployment, arguments: Namespace) -> None:
    """Reach the database, trying again as often as asked."""
    from slipstream.store.errors import StoreUnavailableError

    for left in range(arguments.retry, -1, -1):
        try:
            deployment.unchecked_store.check()
        except StoreUnavailableError:
            if not left:
                raise
            _pause(arguments.retry_delay)
        else:
            break
    print("Connection successful.")


def check_migrations(deployment: Deployment, arguments: Namespace) -> None:
    """Fail unless the schema is this version's."""
    import time

    end = time.monotonic() + arguments.migration_wait_timeout
    while (problem := deployment.schema_problem()) and time.monotonic() < end:
        _pause(1)
    if problem:
        raise CommandFailedError(problem)
    print(f"Database is at schema {deployment.unchecked_store.schema_revision()}.")


def reset_database(deployment: Deployment, arguments: Namespace) -> None:
    """Drop all tables and create them."""
    name = without_password(deployment.database_url)
    confirm(f"Everything in {name} will be lost. Go on?", yes=arguments.yes)
    deployment.unchecked_store.reset()
    print("Database was reset.")


def clean_database(deployment: Deployment, arguments: Namespace) -> None:
    """Remove old history, and say how many rows of which table."""
    before = moment(arguments.clean_before_timestamp, deployment.config)
    if before > datetime.now(UTC):
        raise CommandFailedError(f"{before.isoformat()} is in the future; nothing was removed.")
    if not arguments.dry_run:
        confirm(f"What ended before {before.isoformat()} will be lost. Go on?", yes=arguments.yes)
    tables = arguments.tables.split(",") if arguments.tables else None
    removed = deployment.store.clean(before, tables=tables, dry_run=arguments.dry_run)
    show_rows(
        ({"table": table, "rows": rows} for table, rows in removed.items()),
        arguments.output,
        columns=("table", "rows"),
    )


def _pause(seconds: float) -> None:
    """The database cannot tell us when it comes up; only asking again does."""
    import time

    time.sleep(seconds)
