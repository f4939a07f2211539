"""`slipstream db`."""

from __future__ import annotations

import os
from argparse import Namespace

from slipstream.cli.cleaning import add_cleaning
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError
from slipstream.cli.grammar import Group
from slipstream.cli.migrating import add_migrating
from slipstream.model.sensitive import without_password


def add_commands(group: Group) -> None:
    """The verbs of `db`."""
    add_migrating(group)
    check = group.verb("check", check_database, "Check that the database can be reached")
    check.add_argument("--retry", type=int, default=0, help="try so many times more")
    check.add_argument("--retry-delay", type=float, default=1, help="seconds between two tries")
    revision = group.verb("check-migrations", check_migrations, "Check that no migration is due")
    revision.add_argument(
        "-t", "--migration-wait-timeout", type=float, default=0, help="seconds to wait for it"
    )
    add_cleaning(group)
    group.verb("shell", open_shell, "Run sqlite3 or psql on the database")


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


def open_shell(deployment: Deployment, _arguments: Namespace) -> int:
    """Run the database's own shell on it; gives its exit code."""
    import shutil
    import subprocess

    from slipstream.store.shell import shell_command

    command, variables = shell_command(
        deployment.database_url, deployment.config.get("database", "sql_alchemy_schema") or ""
    )
    if shutil.which(command[0]) is None:
        raise CommandFailedError(
            f"{command[0]} is not installed; it is the shell of "
            f"{without_password(deployment.database_url)}."
        )
    return subprocess.run(command, env={**os.environ, **variables}, check=False).returncode


def _pause(seconds: float) -> None:
    """The database cannot tell us when it comes up; only asking again does."""
    import time

    time.sleep(seconds)
