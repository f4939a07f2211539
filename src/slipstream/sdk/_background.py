"""Processes that go on in the background: detached from the terminal, found by a pid file."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TextIO

from slipstream.model.errors import ConflictError, InvalidInputError

_READY = b"r"
_FILE_MODE = 0o666  # What the umask leaves of it.


class AlreadyRunningError(ConflictError):
    """The process that the pid file names is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The files of a process; None for what stays as it is."""

    pid: Path | None = None
    stdout: Path | None = None
    stderr: Path | None = None


class PidFile:
    """A file with the id of the process that holds it, for as long as the `with` block lasts.

    It is locked meanwhile, so one that a killed process left over is known by that: the kernel has
    given the lock back, whatever process has its number by now.
    """

    def __init__(self, path: Path, what: str) -> None:
        """`what` is running is told to whoever comes second."""
        self._path = path
        self._what = what
        self._handle = -1

    def __enter__(self) -> Self:
        """Take it. Raises `AlreadyRunningError`, and `InvalidInputError` where no file can be."""
        while self._handle < 0:
            self._handle = self._locked()
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._is_ours(self._handle):
            self._path.unlink(missing_ok=True)
        os.close(self._handle)

    def _locked(self) -> int:
        """The file, locked; -1 where its holder has removed it in between."""
        # Not inherited over exec: what this process starts does not hold it.
        handle = _opened(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(handle, 32).decode(errors="replace").strip() or "?"
            os.close(handle)
            raise AlreadyRunningError(
                f"{self._what} is already running as process {holder}, by {self._path}. "
                f"End it with `kill {holder}`, or give this one another --pid."
            ) from error
        if self._is_ours(handle):
            return handle
        os.close(handle)
        return -1

    def _is_ours(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), os.stat(self._path))
        except FileNotFoundError:
            return False


class Background:
    """What the detached process tells who started it."""

    def __init__(self, teller: int, talk: tuple[TextIO, TextIO]) -> None:
        """`teller` is where the one who waits listens; `talk` is its terminal."""
        self._teller = teller
        self._talk = talk

    def ready(self) -> None:
        """It has started: whoever waits may go, and what is said from now on goes to the files."""
        sys.stdout, sys.stderr = _standard_streams()
        for stream in self._talk:
            with suppress(OSError):  # Nobody may be listening any more.
                stream.close()
        with suppress(OSError):
            os.write(self._teller, _READY)
        os.close(self._teller)


@contextmanager
def background(what: str, places: Places, umask: int) -> Iterator[Background]:
    """Within the block, this is a process of its own; the one that called ends when it is ready.

    Until then it says what it has to say at the terminal, also why it cannot start; the caller
    then ends with 1. Must be entered before threads and connections are.
    """
    teller = _detach()
    os.umask(umask)
    with _redirected(places) as talk, _held(places.pid, what):
        sys.stdout, sys.stderr = talk
        yield Background(teller, talk)


def forked_off() -> None:
    """To be called by a fork of this process that goes on by itself: the terminal of whoever waits
    for this one is not held by it."""
    talk = sys.stdout, sys.stderr
    if talk[0].fileno() != 1:
        sys.stdout, sys.stderr = _standard_streams()
        for stream in talk:
            stream.close()


@contextmanager
def foreground(what: str, places: Places) -> Iterator[None]:
    """Within the block, this process has these files, but stays where it is."""
    with _held(places.pid, what):
        for path, number in ((places.stdout, 1), (places.stderr, 2)):
            if path is not None:
                _redirect(path, number)
        yield


@contextmanager
def _held(path: Path | None, what: str) -> Iterator[None]:
    if path is None:
        yield
        return
    with PidFile(path, what):
        yield


def _detach() -> int:
    """Go on in a process without a terminal that is nobody's child; gives what tells its caller."""
    sys.stdout.flush()
    sys.stderr.flush()
    listener, teller = os.pipe()
    first = os.fork()
    if first:
        os.close(teller)
        os.waitpid(first, 0)
        os._exit(0 if os.read(listener, 1) == _READY else 1)
    os.setsid()
    if os.fork():
        os._exit(0)
    # Nothing of the caller's is held: whoever reads from it sees its end.
    os.closerange(3, teller)
    os.closerange(teller + 1, os.sysconf("SC_OPEN_MAX"))
    return teller


@contextmanager
def _redirected(places: Places) -> Iterator[tuple[TextIO, TextIO]]:
    """The terminal's streams, while the standard ones go to the files.

    Processes that are started meanwhile inherit the files and do not hold the terminal.
    """
    out, err = (os.dup(number) for number in (1, 2))  # Not inheritable, unlike what they are of.
    talk = (
        os.fdopen(out, "w", buffering=1, errors="backslashreplace"),
        os.fdopen(err, "w", buffering=1, errors="backslashreplace"),
    )
    sys.stdout, sys.stderr = talk
    _redirect(Path(os.devnull), 0)
    for path, number in ((places.stdout, 1), (places.stderr, 2)):
        _redirect(path or Path(os.devnull), number)
    yield talk


def _redirect(path: Path, number: int) -> None:
    flags = os.O_RDWR if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
    handle = _opened(path, flags, _FILE_MODE)
    os.dup2(handle, number)
    os.close(handle)


def _opened(path: Path, flags: int, mode: int) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, mode)
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be written: {error.strerror}. Name another file."
        ) from error


def _standard_streams() -> tuple[TextIO, TextIO]:
    """Standard output and error as the files that they are by now."""
    out, err = (
        open(number, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
        for number in (1, 2)
    )
    return out, err
