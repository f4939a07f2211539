"""A PostgreSQL server of the tests' own, started from the machine's binaries.

The fixture `postgres_server`, one for the session, gives a `PostgresServer` or skips;
`new_database()` then makes an empty database, in some 0.3 s.
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
_PATIENCE_SECONDS = 90
_KEEPER = """
binaries=$1 folder=$2 options=$3
trap '' PIPE INT TERM HUP
end() {
    "$binaries/pg_ctl" -D "$folder/data" -w -m immediate stop >/dev/null 2>&1
    cd / && rm -rf "$folder"
}
trap end EXIT
cd "$folder"
if "$binaries/initdb" --no-sync --auth=trust --username=tests -E UTF8 --no-locale \\
        -D "$folder/data" >log 2>&1 </dev/null &&
    "$binaries/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/log" -o "$options" start \\
        >/dev/null 2>&1 </dev/null
then echo ready; else cat log; fi
exec 1>&-
cat >/dev/null
"""
"""Makes a server, and ends and removes it when its input ends: however who holds it has ended."""


class PostgresServer:
    """A running server that only this machine's users can reach, over a Unix socket.

    A process of its own looks after it, so that nothing is left over if the tests are killed.
    """

    def __init__(self, binaries: Path) -> None:
        """Make and start one; it answers when this returns."""
        # Not tmp_path: its path can be longer than a socket's may be, and root's alone.
        self.folder = Path(tempfile.mkdtemp(prefix="slipstream-pg-"))
        self._numbers = count(1)
        user = _server_user()
        if user is not None:
            shutil.chown(self.folder, user)
        # The socket is in the folder, and whoever tests need not be who the server runs as.
        self.folder.chmod(0o755)
        settings = " ".join(f"-c {setting}" for setting in _FAST)
        options = f"{settings} -k {self.folder}"
        self._keeper = subprocess.Popen(
            ["sh", "-c", _KEEPER, "keeper", binaries, self.folder, options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            user=user,
            start_new_session=True,
            text=True,
        )
        assert self._keeper.stdout is not None
        with self._keeper.stdout as said:
            answer = said.read()
        if answer != "ready\n":
            self.stop()
            raise RuntimeError(f"PostgreSQL did not start:\n{answer}")

    def stop(self) -> None:
        """End it at once, as a crash would, and remove it."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait(_PATIENCE_SECONDS)

    def url(self, database: str) -> str:
        """The URL of a database of it."""
        return f"postgresql://tests@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        import psycopg

        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


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
    server = PostgresServer(binaries)
    try:
        yield server
    finally:
        server.stop()
