"""Running Alembic from within."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from slipstream.store.database import Transaction
from slipstream.store.errors import SchemaMismatchError


def configuration() -> Config:
    """Alembic's configuration: the scripts of this package, no file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(transaction: Transaction) -> None:
    """Apply every migration that the database has not had yet.

    Raises `SchemaMismatchError` where the tables are a later version's, or not ours.
    """
    config = configuration()
    config.attributes["connection"] = transaction.connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SchemaMismatchError(
            f"The database cannot be migrated: {error}. Its tables belong to a later version, or "
            f"to another program; give this one a database of its own."
        ) from error
