"""Wake-ups between processes on one machine: empty datagrams to sockets beside the database.

Every process that listens binds a socket in a folder of the database; whoever has left a notice
sends to all that it finds there. A socket that nobody reads any more refuses, and is removed.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from slipstream.store.wakeups import LocalWakeups

_PATH_LIMIT = 100
"""Bytes that fit into a socket's address on every system (108 on Linux, 104 elsewhere)."""


class Datagrams:
    """Wakes listeners of this process directly and those of others over their sockets."""

    def __init__(self, directory: Path) -> None:
        """`directory` is made when somebody listens."""
        self._directory = directory
        self._local = LocalWakeups()
        self._lock = threading.Lock()
        self._receiver: _Receiver | None = None

    def wake(self) -> None:
        """Wake the listeners here, then send to all others."""
        self._local.wake()
        receiver = self._receiver
        own = None if receiver is None else receiver.name
        try:
            names = os.listdir(self._directory)
        except FileNotFoundError:
            return
        others = [name for name in names if name != own]
        if others:
            _send(self._directory, others)

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Be woken from now on; gives the undo."""
        undo = self._local.listen(wake)
        with self._lock:
            if self._receiver is None:
                self._receiver = _Receiver(self._directory, self._local.wake)

        def stop() -> None:
            undo()
            if self._local.is_empty:
                self._stop()

        return stop

    def close(self) -> None:
        """Wake nobody any more."""
        self._local.close()
        self._stop()

    def _stop(self) -> None:
        with self._lock:
            receiver, self._receiver = self._receiver, None
        # Not under the lock: its thread may be waiting for it, to stop listening.
        if receiver is not None:
            receiver.close()


class _Receiver:
    """A bound socket and the thread that sleeps on it."""

    def __init__(self, directory: Path, wake: Callable[[], None]) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._directory = directory
        self._wake = wake
        directory.mkdir(mode=0o700, exist_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with _addresses(directory) as prefix:
            self._socket.bind(f"{prefix}/{self.name}")
        self._thread = threading.Thread(target=self._receive, name="store-wakeups", daemon=True)
        self._thread.start()

    def _receive(self) -> None:
        with self._socket:
            # After the shutdown there is nothing more to receive, at once and for ever.
            while self._socket.recv(16):
                self._wake()

    def close(self) -> None:
        """End the thread and remove the socket."""
        (self._directory / self.name).unlink(missing_ok=True)
        self._socket.shutdown(socket.SHUT_RD)
        if self._thread is not threading.current_thread():
            self._thread.join()


def _send(directory: Path, names: list[str]) -> None:
    with (
        _addresses(directory) as prefix,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
    ):
        sender.setblocking(False)
        for name in names:
            try:
                sender.sendto(b"wake", f"{prefix}/{name}")
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
