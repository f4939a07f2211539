"""`airflow.utils.db` and `db_manager`: how packages keep tables of their own beside Airflow's.

`slipstream db-manager` gives a manager a session on Slipstream's database, in the process of the
command line. Anywhere else there is none, and a manager refuses.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NoReturn

from slipstream.compat.adapters.not_here import NotHereError
from slipstream.sdk._logging import LoggingMixin

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection


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
    """The base of what manages a package's tables by Alembic, with a table for their revision."""

    metadata: Any
    """SQLAlchemy's description of the tables."""
    migration_dir: str
    """The folder with Alembic's `env.py` and `versions`."""
    alembic_file: str
    """Alembic's settings; the folder and the database's URL are filled in."""
    version_table_name: str
    supports_table_dropping = False
    revision_heads_map: dict[str, str] = {}  # noqa: RUF012 - classes below replace it
    """`{release of the package: revision}`."""

    def __init__(self, session: Any) -> None:
        """`session` is SQLAlchemy's; without one nothing can be done."""
        super().__init__()
        self.session = session

    def get_alembic_config(self) -> Config:
        """Alembic's settings for these migrations."""
        from alembic.config import Config

        url = self._engine.url.render_as_string(hide_password=False)
        config = Config(self.alembic_file)
        config.set_main_option("script_location", self.migration_dir.replace("%", "%%"))
        config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
        return config

    def get_script_object(self, config: Config | None = None) -> ScriptDirectory:
        """Alembic's view of the migrations."""
        from alembic.script import ScriptDirectory

        return ScriptDirectory.from_config(config or self.get_alembic_config())

    def get_current_revision(self) -> str | None:
        """The revision that the tables have; None where there are none."""
        from alembic.migration import MigrationContext

        with self._engine.connect() as connection:
            options = {"version_table": self.version_table_name}
            return MigrationContext.configure(connection, opts=options).get_current_revision()

    def check_migration(self) -> bool:
        """Whether the tables have their newest form."""
        return self.get_current_revision() in self.get_script_object().get_heads()

    def create_db_from_orm(self) -> None:
        """Make the tables as they are described, without going through the migrations."""
        from alembic import command

        with self._engine.begin() as connection:
            self.metadata.create_all(connection)
        with self._with_connection() as config:
            command.stamp(config, "heads")

    def initdb(self, use_migration_files: bool = False) -> None:
        """Make the tables, or bring those that there are into their newest form."""
        self.upgradedb(use_migration_files=use_migration_files)

    def upgradedb(
        self,
        to_revision: str | None = None,
        from_revision: str | None = None,
        show_sql_only: bool = False,
        use_migration_files: bool = False,
    ) -> None:
        """Bring the tables to a revision, the newest by default, or print the SQL of it."""
        from alembic import command

        current = self.get_current_revision()
        if show_sql_only:
            since = from_revision or current
            stretch = f"{since}:{to_revision or 'heads'}" if since else to_revision or "heads"
            command.upgrade(self.get_alembic_config(), stretch, sql=True)
        elif current is None and to_revision is None and not use_migration_files:
            self.create_db_from_orm()
        else:
            with self._with_connection() as config:
                command.upgrade(config, to_revision or "heads")

    def downgrade(
        self,
        to_revision: str,
        from_revision: str | None = None,
        show_sql_only: bool = False,
    ) -> None:
        """Take the tables back to a revision, or print the SQL of it."""
        from alembic import command

        if show_sql_only:
            since = from_revision or self.get_current_revision()
            command.downgrade(self.get_alembic_config(), f"{since}:{to_revision}", sql=True)
            return
        with self._with_connection() as config:
            command.downgrade(config, to_revision)

    def drop_tables(self, connection: Connection) -> None:
        """Remove the tables, and what keeps their revision."""
        from sqlalchemy import MetaData, Table

        self.metadata.drop_all(connection)
        Table(self.version_table_name, MetaData()).drop(connection, checkfirst=True)

    def resetdb(self, skip_init: bool = False, use_migration_files: bool = False) -> None:
        """Remove the tables and make them anew."""
        with self._engine.begin() as connection:
            self.drop_tables(connection)
        if not skip_init:
            self.initdb(use_migration_files=use_migration_files)

    @property
    def _engine(self) -> Any:
        if self.session is None:
            raise NotHereError(
                f"{type(self).__name__} has no database here: run `slipstream db-manager`, or use "
                "Slipstream's own executors and users, which need no tables of a package."
            )
        return self.session.get_bind()

    @contextmanager
    def _with_connection(self) -> Iterator[Config]:
        """Alembic's settings with an open connection, for an `env.py` that takes one."""
        config = self.get_alembic_config()
        with self._engine.connect() as connection:
            config.attributes["connection"] = connection
            yield config
            if not connection.closed and connection.in_transaction():
                connection.commit()
