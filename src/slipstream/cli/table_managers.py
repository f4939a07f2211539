"""`slipstream db-manager`: tables that packages and plugins keep in Slipstream's database."""

from __future__ import annotations

import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from slipstream.cli.asking import confirm
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.grammar import Group
from slipstream.cli.migrating import add_aims, add_files

if TYPE_CHECKING:
    from slipstream.cli.grammar import Parser
    from slipstream.compat.adapters.own_tables import BaseDBManager


def add_commands(group: Group) -> None:
    """The verbs of `db-manager`."""
    up = group.verb("migrate", migrate, "Create a manager's tables, or bring them up to date")
    _add_path(up)
    add_aims(up, "stop at")
    add_files(up)
    down = group.verb("downgrade", downgrade, "Take a manager's tables back")
    _add_path(down)
    add_aims(down, "go back to")
    down.add_confirmation()
    again = group.verb("reset", reset, "Drop a manager's tables and create them anew")
    _add_path(again)
    again.add_argument("-s", "--skip-init", action="store_true", help="only drop them")
    add_files(again)
    again.add_confirmation()


def _add_path(parser: Parser) -> None:
    parser.add_argument(
        "import_path", help="the manager's class: one of [database] external_db_managers"
    )


def migrate(deployment: Deployment, arguments: Namespace) -> None:
    """Bring the tables to a revision, by default the newest."""
    with _manager(deployment, arguments) as manager:
        to = _revision(manager, arguments.to_revision, arguments.to_version)
        since = _begin_of_sql(deployment, manager, arguments)
        manager.upgradedb(
            to_revision=to,
            from_revision=since,
            show_sql_only=arguments.show_sql_only,
            use_migration_files=arguments.use_migration_files,
        )
        if not arguments.show_sql_only:
            print(f"{arguments.import_path} is at revision {manager.get_current_revision()}.")


def downgrade(deployment: Deployment, arguments: Namespace) -> None:
    """Take the tables back to a revision."""
    with _manager(deployment, arguments) as manager:
        to = _revision(manager, arguments.to_revision, arguments.to_version)
        if to is None:
            raise UsageError("Say where to go back to: --to-revision or --to-version.")
        since = _begin_of_sql(deployment, manager, arguments)
        if not arguments.show_sql_only:
            confirm(
                f"What the tables of {arguments.import_path} hold that revision {to} has no place "
                "for will be lost. Go on?",
                yes=arguments.yes,
            )
        manager.downgrade(
            to_revision=to, from_revision=since, show_sql_only=arguments.show_sql_only
        )
        if not arguments.show_sql_only:
            found = manager.get_current_revision() or "none"
            print(f"{arguments.import_path} is at revision {found}.")


def reset(deployment: Deployment, arguments: Namespace) -> None:
    """Drop the tables, and create them."""
    with _manager(deployment, arguments) as manager:
        confirm(
            f"Everything in the tables of {arguments.import_path} will be lost. Go on?",
            yes=arguments.yes,
        )
        manager.resetdb(
            skip_init=arguments.skip_init, use_migration_files=arguments.use_migration_files
        )
    done = "were dropped" if arguments.skip_init else "were reset"
    print(f"The tables of {arguments.import_path} {done}.")


@contextmanager
def _manager(deployment: Deployment, arguments: Namespace) -> Iterator[BaseDBManager]:
    """The manager, at work on the deployment's database.

    What the manager's code, its migrations and the database raise becomes `CommandFailedError`.
    """
    from slipstream.model.errors import SlipstreamError
    from slipstream.store.guests import guest_session, guests_errors

    path = arguments.import_path
    made = _class(deployment, path)
    # Slipstream's own tables come first, and what is done is kept in its audit log.
    store = deployment.store
    assert store is not None
    schema = deployment.config.get("database", "sql_alchemy_schema") or ""
    with guest_session(deployment.database_url, schema) as session:
        _tell_settings(session)
        try:
            yield made(session)
        except SlipstreamError:
            raise
        except guests_errors() as error:
            raise CommandFailedError(f"{path} failed: {error}") from error
        except Exception as error:
            said = "".join(traceback.format_exception(error)).rstrip()
            raise CommandFailedError(f"{path} failed:\n{said}") from error


def _class(deployment: Deployment, path: str) -> type[BaseDBManager]:
    named = _named(deployment)
    if path not in named:
        raise CommandFailedError(
            f"{path} is no manager of tables here: [database] external_db_managers names "
            f"{', '.join(named) or 'none'}. Add it there if its tables are to be in this database."
        )
    from slipstream import compat

    compat.install()
    from slipstream.compat.adapters.own_tables import BaseDBManager
    from slipstream.sdk._conf import settings_folders

    sys.path += [folder for folder in settings_folders() if os.path.isdir(folder)]
    module, _, name = path.rpartition(".")
    try:
        found: Any = getattr(import_module(module), name)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise CommandFailedError(f"{path} cannot be imported: {said}") from error
    if not (isinstance(found, type) and issubclass(found, BaseDBManager)):
        raise CommandFailedError(
            f"{path} is {found!r}; expected a class derived from "
            "airflow.utils.db_manager.BaseDBManager."
        )
    _check(found, path)
    return found


def _named(deployment: Deployment) -> list[str]:
    value = deployment.config.get("database", "external_db_managers") or ""
    return list(filter(None, (one.strip() for one in value.split(","))))


def _check(found: type[BaseDBManager], path: str) -> None:
    """Raise `CommandFailedError` for a class that lacks something, or would touch our tables."""
    from slipstream.store.guests import taken_names

    needed = ("metadata", "migration_dir", "alembic_file", "version_table_name")
    if missing := [name for name in needed if not hasattr(found, name)]:
        raise CommandFailedError(f"{path} has no {', '.join(missing)}; a manager needs them all.")
    names = [*found.metadata.tables, found.version_table_name]
    if taken := taken_names(names):
        raise CommandFailedError(
            f"{path} has tables that Slipstream has, too: {', '.join(taken)}. Give them others "
            "names, such as ones that begin with the package's."
        )


def _tell_settings(session: Any) -> None:
    """Let an `env.py` find the database where it finds Airflow's."""
    settings: Any = import_module("airflow.settings")
    engine = session.get_bind()
    settings.engine = engine
    settings.SQL_ALCHEMY_CONN = engine.url.render_as_string(hide_password=False)


def _revision(manager: BaseDBManager, revision: str | None, version: str | None) -> str | None:
    if version is None:
        return revision
    known = manager.revision_heads_map
    if version not in known:
        raise UsageError(
            f"{type(manager).__name__} knows no release {version}; expected one of "
            f"{', '.join(known) or 'none at all: say --to-revision'}."
        )
    return known[version]


def _begin_of_sql(
    deployment: Deployment, manager: BaseDBManager, arguments: Namespace
) -> str | None:
    since = _revision(manager, arguments.from_revision, arguments.from_version)
    if arguments.show_sql_only:
        deployment.entry = None  # Nothing is done that would have to be kept.
    elif since is not None:
        raise UsageError("--from-revision and --from-version are for --show-sql-only.")
    return since
