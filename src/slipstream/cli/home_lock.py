"""One server to a home, one scheduler to an embedded database.

They are locks that the kernel gives back when their holders die.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Self

from slipstream.cli.errors import HomeInUseError

LOCK_FILE = "server.lock"


class FileLock:
    """Holds something for as long as the `with` block lasts, whatever ends the process."""

    def __init__(self, path: Path, *, purpose: str, what: Path, otherwise: str) -> None:
        """`purpose` is told to whoever comes second, and what else to do than to wait."""
        self._path = path
        self._purpose = purpose
        self._what = what
        self._otherwise = otherwise
        self._handle = -1

    def __enter__(self) -> Self:
        """Take it. Raises `HomeInUseError`."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Not inherited over exec: tasks that outlive the server do not hold it.
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._handle, 4096).decode(errors="replace").strip()
            os.close(self._handle)
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise HomeInUseError(
                f"{self._what} is in use by {holder or 'another process'}. "
                f"Stop it first, or {self._otherwise}."
            ) from error
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"process {os.getpid()}, {self._purpose}\n".encode(), 0)
        return self

    def __exit__(self, *_error: object) -> None:
        os.ftruncate(self._handle, 0)
        os.close(self._handle)


class HomeLock(FileLock):
    """Holds a home."""

    def __init__(self, run_folder: Path, *, purpose: str) -> None:
        """`purpose` is told to whoever comes second."""
        super().__init__(
            run_folder / LOCK_FILE,
            purpose=purpose,
            what=run_folder.parent,
            otherwise="give this one another SLIPSTREAM_HOME",
        )


class DatabaseLock(FileLock):
    """Holds an embedded database, which other homes may name too."""

    def __init__(self, file: Path, *, purpose: str) -> None:
        """`purpose` is told to whoever comes second."""
        super().__init__(
            file.with_name(f"{file.name}.lock"),
            purpose=purpose,
            what=file,
            otherwise="use PostgreSQL, on which several servers can be started",
        )
