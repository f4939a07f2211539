"""What a command works on: the settings and the paths of a home."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from types import TracebackType
from typing import Self

from slipstream.config import Config, load_config


class Deployment:
    """A home with its settings."""

    def __init__(self, config: Config) -> None:
        """`config` decides everything."""
        self.config = config

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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened."""
