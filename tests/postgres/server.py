"""A PostgreSQL server of the tests' own, started from the machine's binaries.

In a conftest: `from tests.postgres.server import postgres_server`, a session fixture that gives a
`PostgresServer` or skips; `server.new_database()` then makes an empty database, in some 0.3 s.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

_UNPRIVILEGED = ("postgres", "nobody")
_FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=",
    "max_connections=200",
    "shared_buffers=64MB",
)


class PostgresServer:
    """A running server that only this machine's users can reach, over a Unix socket."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        """`folder` is emptied by nobody; it belongs to the user that the server runs as."""
        self._binaries = binaries
        self._data = folder / "data"
        self._sockets = folder
        self._log = folder / "log"
        self._user = _server_user()
        self._numbers = count(1)
        if self._user is not None:
            shutil.chown(folder, self._user)
        # The socket is in the folder, and whoever tests need not be who the server runs as.
        folder.chmod(0o755)
        self._run(
            "initdb",
            "--no-sync",
            "--auth=trust",
            "--username=tests",
            "-E",
            "UTF8",
            "--no-locale",
            "-D",
            str(self._data),
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = " ".join(f"-c {setting}" for setting in _FAST)
        self._run(
            "pg_ctl",
            "-D",
            str(self._data),
            "-w",
            "-t",
            "60",
            "-l",
            str(self._log),
            "-o",
            f"{options} -k {self._sockets}",
            "start",
        )

    def stop(self) -> None:
        """End it at once, as a crash would."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")

    def url(self, database: str) -> str:
        """The URL of a database of it."""
        return f"postgresql://tests@/{database}?host={self._sockets}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._binaries / program, *arguments],
            user=self._user,
            cwd=self._sockets,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT if program == "initdb" else subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=90,
        )
        if done.returncode != 0:
            log = self._log.read_text() if self._log.exists() else done.stdout
            raise RuntimeError(f"{program} ended with {done.returncode}:\n{log}")


def _server_user() -> str | None:
    """Who the server runs as: it refuses to run as root. None for whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _UNPRIVILEGED if name in known)


def find_binaries() -> Path | None:
    """The folder of the newest PostgreSQL server on this machine, or None."""
    on_path = shutil.which("pg_ctl")
    if on_path is not None and shutil.which("initdb") is not None:
        return Path(os.path.realpath(on_path)).parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")
    found = sorted(versions, key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the session; skips, and says so, where there are no binaries."""
    binaries = find_binaries()
    if binaries is None:
        reason = (
            "POSTGRESQL WAS NOT TESTED: there is no pg_ctl on PATH or in /usr/lib/postgresql; "
            "install Debian's package `postgresql`"
        )
        pytest.skip(reason)
    # Not tmp_path: its path can be longer than a socket's may be, and root's alone.
    with tempfile.TemporaryDirectory(prefix="slipstream-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(binaries, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
