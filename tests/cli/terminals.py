"""A command at a terminal: typed to, and read."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.cli.servers import PATIENCE_SECONDS, environment


class Terminal:
    """What stands on the terminal of a process, and its keyboard."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self._descriptor = descriptor
        self.shown = ""
        self._is_over = False

    def wait_for(self, text: str, times: int = 1) -> None:
        """Read on until the text has been shown so often."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self.shown.count(text) < times:
            left = end - time.monotonic()
            if left <= 0 or not self._read(left):
                raise AssertionError(f"{text!r} did not come {times} times:\n{self.shown}")

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._descriptor, f"{line}\n".encode())

    def end(self) -> int:
        """Read to the end; gives the exit code."""
        while not self._is_over:
            if not self._read(PATIENCE_SECONDS) and not self._is_over:
                raise AssertionError(f"it did not end:\n{self.shown}")
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def _read(self, seconds: float) -> bool:
        """Read what comes; False at the end, or where nothing came in time."""
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # Linux has no better word for a terminal that nobody holds any more.
            data = b""
        self._is_over = not data
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


@contextmanager
def at_terminal(home: Path, command: Sequence[str], **variables: str) -> Iterator[Terminal]:
    """The command on that home, at a terminal of its own, until the block ends."""
    settings = {**environment(home), "TERM": "xterm", **variables}
    pid, descriptor = pty.fork()
    if pid == 0:
        try:
            os.execvpe(command[0], list(command), settings)
        finally:
            os._exit(127)
    terminal = Terminal(pid, descriptor)
    try:
        yield terminal
    finally:
        if terminal.pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(descriptor)
