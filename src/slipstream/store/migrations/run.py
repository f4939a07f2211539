"""Running Alembic from within."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from types import ModuleType

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateTable

from slipstream.model.errors import InvalidInputError
from slipstream.store.database import Transaction
from slipstream.store.errors import SchemaMismatchError
from slipstream.store.migrations.undoing import apply, undo
from slipstream.store.tables import schema_revision


def configuration() -> Config:
    """Alembic's configuration: the scripts of this package, no file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(transaction: Transaction, to: str = "head") -> None:
    """Apply every migration up to that one that the database has not had yet.

    Raises `SchemaMismatchError` where the tables are a later version's, or not ours.
    """
    check_revision(to)
    config = configuration()
    config.attributes["connection"] = transaction.connection
    try:
        command.upgrade(config, to)
    except CommandError as error:
        raise SchemaMismatchError(
            f"The database cannot be migrated: {error}. Its tables belong to a later version, or "
            f"to another program; give this one a database of its own."
        ) from error


def downgrade(transaction: Transaction, to: str) -> None:
    """Undo every migration after that one, newest first."""
    check_revision(to)
    context = MigrationContext.configure(transaction.connection)
    found = context.get_current_revision()
    if found not in revisions():
        raise SchemaMismatchError(f"The database is at schema {found!r}, which is none of ours.")
    for revision in reversed(_between(to, found)):
        undo(module_of(revision), context)
    transaction.execute(text("UPDATE alembic_version SET version_num = :to"), [{"to": to}])


def as_sql(dialect: Dialect, since: str | None, to: str) -> str:
    """What brings a schema from one revision to another, up or down, as SQL."""
    check_revision(to, *([] if since is None else [since]))
    written = StringIO()
    context = MigrationContext.configure(
        dialect=dialect,
        opts={"as_sql": True, "output_buffer": written, "literal_binds": True},
    )
    written.write("BEGIN;\n\n")
    if since is not None and to < since:
        for revision in reversed(_between(to, since)):
            written.write(f"-- Undo {revision}: {_title(revision)}\n\n")
            undo(module_of(revision), context)
    else:
        if since is None:
            written.write(_begun(dialect))
        for revision in _between(since, to):
            written.write(f"-- {revision}: {_title(revision)}\n\n")
            apply(module_of(revision), context)
    # What `check_revision` has let pass is digits.
    written.write(f"UPDATE alembic_version SET version_num = '{to}';\n\nCOMMIT;\n")  # noqa: S608
    return written.getvalue()


def _begun(dialect: Dialect) -> str:
    """The table that says which migrations there were, with a row that says none."""
    table = CreateTable(schema_revision).compile(dialect=dialect)
    return f"{str(table).strip()};\n\nINSERT INTO alembic_version (version_num) VALUES ('');\n\n"


def revisions() -> list[str]:
    """All revisions, oldest first."""
    return sorted(
        script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()
    )


def check_revision(*given: str) -> None:
    """Raises `InvalidInputError` for a revision that there is not."""
    known = revisions()
    for revision in given:
        if revision != "head" and revision not in known:
            raise InvalidInputError(
                f"There is no schema {revision!r}; expected one of {known[0]} to {known[-1]}."
            )


def module_of(revision: str) -> ModuleType:
    """The migration that leads to that revision."""
    script = ScriptDirectory.from_config(configuration()).get_revision(revision)
    assert script is not None
    return script.module


def _title(revision: str) -> str:
    return (module_of(revision).__doc__ or "").strip().partition("\n")[0]


def _between(since: str | None, to: str) -> list[str]:
    """The revisions after the first one up to the second one."""
    return [one for one in revisions() if (since is None or one > since) and one <= to]
