"""Running Alembic from within."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from slipstream.store.database import Transaction


def configuration() -> Config:
    """Alembic's configuration: the scripts of this package, no file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(transaction: Transaction) -> None:
    """Apply every migration that the database has not had yet."""
    config = configuration()
    config.attributes["connection"] = transaction.connection
    command.upgrade(config, "head")
