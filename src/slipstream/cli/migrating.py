"""`slipstream db migrate`, `downgrade` and `reset`: the schema of the database."""

from __future__ import annotations

from argparse import Namespace
from contextlib import closing
from typing import TYPE_CHECKING

from slipstream.cli.asking import confirm
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.grammar import Group
from slipstream.model.sensitive import without_password

if TYPE_CHECKING:
    from slipstream.cli.grammar import Parser


def add_migrating(group: Group) -> None:
    """The verbs that change the schema."""
    up = group.verb("migrate", migrate, "Create the tables, or bring them to this version's schema")
    add_aims(up, "stop at")
    add_files(up)
    down = group.verb("downgrade", downgrade, "Take the tables back to an earlier schema")
    add_aims(down, "go back to")
    down.add_confirmation()
    again = group.verb("reset", reset_database, "Drop everything and create it anew")
    again.add_argument("-s", "--skip-init", action="store_true", help="only drop it")
    add_files(again)
    again.add_confirmation()


def add_aims(parser: Parser, goes: str) -> None:
    """Where a migration goes to, where its SQL begins, and whether it is only printed."""
    to = parser.add_mutually_exclusive_group()
    to.add_argument("-r", "--to-revision", metavar="REVISION", help=f"{goes} this schema")
    to.add_argument("-n", "--to-version", metavar="VERSION", help=f"{goes} that of this release")
    since = parser.add_mutually_exclusive_group()
    since.add_argument(
        "--from-revision",
        metavar="REVISION",
        help="where the SQL begins; the database's by default",
    )
    since.add_argument(
        "--from-version", metavar="VERSION", help="the release with whose schema the SQL begins"
    )
    parser.add_argument(
        "-s", "--show-sql-only", action="store_true", help="print what it would do as SQL"
    )


def add_files(parser: Parser) -> None:
    """`--use-migration-files`."""
    parser.add_argument(
        "-m",
        "--use-migration-files",
        action="store_true",
        help="make new tables by all migrations, one after the other; the result is the same",
    )


def migrate(deployment: Deployment, arguments: Namespace) -> None:
    """Bring the schema up to date, or to what was asked for."""
    to = _revision(arguments.to_revision, arguments.to_version)
    if _only_sql(deployment, arguments, to, is_down=False):
        return
    store = deployment.unchecked_store
    store.migrate(to, by_files=arguments.use_migration_files)
    print(f"Database is at schema {store.schema_revision()}.")


def downgrade(deployment: Deployment, arguments: Namespace) -> None:
    """Take the schema back."""
    to = _revision(arguments.to_revision, arguments.to_version)
    if to is None:
        raise UsageError("Say where to go back to: --to-revision or --to-version.")
    if _only_sql(deployment, arguments, to, is_down=True):
        return
    from slipstream.cli.server.run import locks_of

    name = without_password(deployment.database_url)
    confirm(
        f"What {name} holds in tables and columns that schema {to} does not have will be lost. "
        "Go on?",
        yes=arguments.yes,
    )
    with locks_of(deployment, "slipstream db downgrade"):
        deployment.unchecked_store.downgrade(to)
    print(f"Database is at schema {to}.")


def reset_database(deployment: Deployment, arguments: Namespace) -> None:
    """Drop all tables and create them."""
    name = without_password(deployment.database_url)
    confirm(f"Everything in {name} will be lost. Go on?", yes=arguments.yes)
    deployment.unchecked_store.reset(
        creates=not arguments.skip_init, by_files=arguments.use_migration_files
    )
    print("Database is empty: it has no tables." if arguments.skip_init else "Database was reset.")


def _revision(revision: str | None, version: str | None) -> str | None:
    if version is None:
        return revision
    from slipstream.store.schema import RELEASES

    if version not in RELEASES:
        raise UsageError(f"There is no release {version}; expected {' or '.join(RELEASES)}.")
    return RELEASES[version]


def _only_sql(
    deployment: Deployment, arguments: Namespace, to: str | None, *, is_down: bool
) -> bool:
    """Print the SQL, if that is all that is wanted. No database is changed, or made for it."""
    since = _revision(arguments.from_revision, arguments.from_version)
    if not arguments.show_sql_only:
        if since is not None:
            raise UsageError("--from-revision and --from-version are for --show-sql-only.")
        return False
    from slipstream.store.schema import HEAD

    if since is None and deployment.has_store:
        since = deployment.unchecked_store.schema_revision()
    if is_down and (since is None or to is None or to >= since):
        raise UsageError(f"Schema {to} is not before {since or 'an empty database'}.")
    if not is_down and since is not None and (to or HEAD) < since:
        raise UsageError(f"Schema {to} is before {since}: slipstream db downgrade goes back.")
    if since == (to or HEAD):
        print(f"-- Nothing is to be done: that is schema {since}.")
        return True
    if deployment.has_store:
        print(deployment.unchecked_store.migration_sql(since, to), end="")
        return True
    from slipstream.store import open_store

    with closing(open_store("sqlite://", xcom_url="unused")) as anew:
        print(anew.migration_sql(since, to), end="")
    return True
