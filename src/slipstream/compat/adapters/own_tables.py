"""`airflow.utils.db` and `db_manager`: how providers keep tables beside Airflow's.

Auth managers and executors of that kind bring their tables into Airflow's database. Slipstream's
database has no others than its own, so that they can be imported, and refuse to be used.
"""

from __future__ import annotations

import inspect
from enum import IntEnum
from typing import Any, NoReturn

from slipstream.compat.adapters.not_here import NotHereError
from slipstream.sdk._logging import LoggingMixin


class DBLocks(IntEnum):
    """Locks that all processes on one database share."""

    MIGRATIONS = 1
    SCHEDULER_CRITICAL_SECTION = 2


def _refuse(what: str) -> NoReturn:
    raise NotHereError(
        f"{what} needs tables of a provider in Airflow's database, which Slipstream does not have. "
        f"Use Slipstream's own executors and users instead."
    )


def create_global_lock(session: Any, lock: DBLocks, lock_timeout: int = 1800) -> NoReturn:
    """A lock in the database."""
    del session, lock_timeout
    _refuse(f"The lock {lock!s}")


def _offline_migration(migration_func: Any, config: Any, revision: Any) -> NoReturn:
    """A migration as SQL text."""
    del migration_func, config
    _refuse(f"The migration {revision}")


def print_happy_cat(message: str) -> None:
    """Print what went well."""
    print(message)


def _callable_accepts_use_migration_files(callable_: Any) -> bool:
    """Whether a function has a parameter `use_migration_files`."""
    parameters = inspect.signature(callable_).parameters.values()
    return any(
        one.name == "use_migration_files" or one.kind is inspect.Parameter.VAR_KEYWORD
        for one in parameters
    )


class BaseDBManager(LoggingMixin):
    """The base of what manages a provider's tables."""

    metadata: Any
    migration_dir: str
    alembic_file: str
    version_table_name: str
    supports_table_dropping = False
    revision_heads_map: dict[str, str] = {}  # noqa: RUF012 - classes below replace it

    def __init__(self, session: Any) -> None:
        super().__init__()
        self.session = session

    def initdb(self, use_migration_files: bool = False) -> None:
        """Make the tables."""
        del use_migration_files
        _refuse(type(self).__name__)

    def upgradedb(self, *_args: Any, **_kwargs: Any) -> None:
        """Bring the tables into their newest form."""
        _refuse(type(self).__name__)

    def downgrade(self, *_args: Any, **_kwargs: Any) -> None:
        """Bring the tables into an older form."""
        _refuse(type(self).__name__)

    def resetdb(self, skip_init: bool = False, use_migration_files: bool = False) -> None:
        """Make the tables anew."""
        del skip_init, use_migration_files
        _refuse(type(self).__name__)

    def get_current_revision(self) -> str | None:
        """The form that the tables have."""
        _refuse(type(self).__name__)

    def check_migration(self) -> bool:
        """Whether the tables have their newest form."""
        _refuse(type(self).__name__)
