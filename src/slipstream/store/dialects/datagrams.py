"""Wake-ups between processes on one machine: datagrams to sockets beside the database.

Every process that listens binds a socket in a folder of the database; whoever has left a notice
sends to all that it finds there. A socket that nobody reads any more refuses, and is removed.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from slipstream.store.wakeups import (
    LONGEST_TOLD_BYTES,
    Hear,
    SharedWakeups,
    Topics,
    telling,
    topics_text,
)

_PATH_LIMIT = 100
"""Bytes that fit into a socket's address on every system (108 on Linux, 104 elsewhere)."""

_TICK_NS = 5_000_000_000
"""Longer than any file system's clock takes from one tick to the next (FAT's takes 2 s)."""


class _Seen(NamedTuple):
    """What a folder held when it had last changed."""

    changed_at: int
    names: Sequence[str]


class Datagrams(SharedWakeups["_Receiver"]):
    """Wakes listeners of this process directly and those of others over their sockets."""

    def __init__(self, directory: Path) -> None:
        """`directory` is made when somebody listens."""
        super().__init__(lambda heard: _Receiver(directory, heard))
        self._directory = directory
        self._seen: _Seen | None = None

    def wake(self, topics: Topics) -> None:
        """Wake the listeners here, then send to all others."""
        self._local.wake(topics)
        self._send_to_others(topics_text(topics))

    def tell(self, text: str) -> None:
        """Tell all others; one whose socket is full misses it."""
        self._send_to_others(telling(text))

    def _send_to_others(self, text: str) -> None:
        ear = self._ear
        own = None if ear is None else ear.name
        others = [name for name in self._names() if name != own]
        if others:
            _send(self._directory, others, text.encode())

    def _names(self) -> Sequence[str]:
        """The sockets that are there. The folder is listed again when it has changed."""
        try:
            changed_at = os.stat(self._directory).st_mtime_ns
            seen = self._seen
            if seen is None or seen.changed_at != changed_at:
                now = time.time_ns()
                seen = _Seen(changed_at, tuple(os.listdir(self._directory)))
                # What changes twice within a tick of the clock looks as if it had changed once.
                self._seen = seen if now - changed_at > _TICK_NS else None
        except FileNotFoundError:
            return ()
        return seen.names


class _Receiver:
    """A bound socket and the thread that sleeps on it."""

    def __init__(self, directory: Path, heard: Hear) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._directory = directory
        self._heard = heard
        directory.mkdir(mode=0o700, exist_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with _addresses(directory) as prefix:
            self._socket.bind(f"{prefix}/{self.name}")
        self._thread = threading.Thread(target=self._receive, name="store-wakeups", daemon=True)
        self._thread.start()

    def _receive(self) -> None:
        with self._socket:
            # After the shutdown there is nothing more to receive, at once and for ever.
            while told := self._socket.recv(LONGEST_TOLD_BYTES):
                self._heard(told.decode())

    def wait_ready(self) -> None:
        """The socket is bound already."""

    def close(self) -> None:
        """End the thread and remove the socket."""
        (self._directory / self.name).unlink(missing_ok=True)
        self._socket.shutdown(socket.SHUT_RD)
        if self._thread is not threading.current_thread():
            self._thread.join()


def _send(directory: Path, names: list[str], told: bytes) -> None:
    with (
        _addresses(directory) as prefix,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
    ):
        sender.setblocking(False)
        for name in names:
            try:
                sender.sendto(told, f"{prefix}/{name}")
            except ConnectionRefusedError:
                (directory / name).unlink(missing_ok=True)
            except (BlockingIOError, FileNotFoundError):
                # A full socket has wake-ups enough; one that is gone needs none.
                continue


@contextmanager
def _addresses(directory: Path) -> Iterator[str]:
    """A path to the folder that leaves room for a name, however deep the folder lies."""
    path = str(directory)
    if len(os.fsencode(path)) + 32 <= _PATH_LIMIT:
        yield path
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
