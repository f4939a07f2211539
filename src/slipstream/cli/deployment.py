"""What a command works on: the settings and the paths of a home."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from slipstream.cli.errors import CommandFailedError
from slipstream.cli.keys import fernet_keys
from slipstream.config import Config, load_config
from slipstream.model.sensitive import without_password

if TYPE_CHECKING:
    from slipstream.store.audit_entry import AuditEntry
    from slipstream.store.interface import Store


class Deployment:
    """A home with its settings. The store is opened at its first use and closed at the end."""

    def __init__(self, config: Config) -> None:
        """`config` decides everything."""
        self.config = config
        self._opened: Store | None = None
        self.entry: AuditEntry | None = None
        """What the audit log will say; None where it says nothing."""
        self._is_checked = False

    @classmethod
    def from_arguments(cls, parsed: Namespace) -> Self:
        """The deployment that the command line and the environment name."""
        return cls(
            load_config(
                home=getattr(parsed, "home", None),
                file=getattr(parsed, "config_file", None),
                flags=getattr(parsed, "settings", None),
            )
        )

    @property
    def home(self) -> Path:
        """The home folder; it may not exist yet."""
        return self.config.home

    @property
    def run_folder(self) -> Path:
        """Where the sockets and the lock of a running server are."""
        return self.home / "run"

    @property
    def logs_folder(self) -> Path:
        """Where the logs of tasks are."""
        return self.config.path("logging", "base_log_folder")

    @property
    def dags_folder(self) -> Path:
        """Where the DAG files are."""
        return self.config.path("core", "dags_folder")

    @property
    def database_url(self) -> str:
        """The database's URL, password included."""
        return self.config.text("database", "sql_alchemy_conn")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def store(self) -> Store:
        """The store, its schema known to be right.

        A new embedded database gets its tables here; a database server's are made by
        `slipstream db migrate`. Raises `CommandFailedError` where the schema is not this
        version's.
        """
        store = self.unchecked_store
        if not self._is_checked:
            if store.schema_revision() is None and self.database_url.startswith("sqlite"):
                store.migrate()
            elif problem := self.schema_problem():
                raise CommandFailedError(problem)
            self._is_checked = True
        if self.entry is None:
            return store
        from slipstream.store.audit import watched

        return watched(store.on_behalf(self.entry), self.entry.changes)

    @property
    def is_opened(self) -> bool:
        """Whether the store was used."""
        return self._opened is not None

    @property
    def has_store(self) -> bool:
        """Whether there is a database: an embedded one that nobody has used yet is not there."""
        file = self.embedded_file
        return file is None or file.exists()

    @property
    def embedded_file(self) -> Path | None:
        """The file of an embedded database; None for a server's."""
        return _embedded_file(self.database_url)

    @property
    def unchecked_store(self) -> Store:
        """The store, whatever is in its database."""
        if self._opened is None:
            from slipstream.store import open_store
            from slipstream.store.open import POOL_SIZE

            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            _keep_to_owner(self.database_url)
            pool = self.config.setting("database", "sql_alchemy_pool_size")
            self._opened = open_store(
                self.database_url,
                pool_size=POOL_SIZE if pool.is_default else max(1, int(pool.value or 0)),
                schema=self.config.get("database", "sql_alchemy_schema") or "",
                fernet_keys=fernet_keys(self.config),
                xcom_url=self.config.get("slipstream", "xcom_url") or str(self.home / "xcom"),
                xcom_threshold_bytes=self.config.integer("slipstream", "xcom_threshold_bytes"),
                dags_paused_at_creation=self.config.flag("core", "dags_are_paused_at_creation"),
            )
        return self._opened

    def schema_problem(self) -> str | None:
        """What is wrong with the database's schema, and what to do; None where it is right."""
        from slipstream.store.schema import HEAD

        found = self.unchecked_store.schema_revision()
        if found == HEAD:
            return None
        what = "has no tables yet" if found is None else f"is at schema {found}, expected {HEAD}"
        place = without_password(self.database_url)
        return f"{place} {what}; run `slipstream db migrate`."


def _keep_to_owner(url: str) -> None:
    """Let nobody else read a new embedded database: it holds people's password hashes.

    SQLite gives its other files the same mode as this one.
    """
    file = _embedded_file(url)
    if file is not None and file.parent.is_dir():
        file.touch(mode=0o600)


def _embedded_file(url: str) -> Path | None:
    """The file of an embedded database; None for a server's."""
    scheme, _, path = url.partition("?")[0].partition(":///")
    return Path(path) if scheme.startswith("sqlite") and path else None
