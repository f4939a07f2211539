"""Waiting until somebody ends the server."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_log = logging.getLogger(__name__)

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_DONE = b"\0"
"""Stands for no signal."""


class Ending:
    """The end of a server: a signal asks for it, or the server's work is done."""

    def __init__(self, reader: int, writer: int) -> None:
        """The ends of a pipe that the numbers of signals are written to."""
        self._reader = reader
        self._writer = writer
        self._outcome = 0, ""

    def wait(self) -> tuple[int, str]:
        """Block until it has come; gives the exit code and what is to be said, as `done` was told.

        A signal's are 0 and nothing.
        """
        os.read(self._reader, 1)
        return self._outcome

    def fileno(self) -> int:
        """Can be read from once it has come."""
        return self._reader

    def done(self, code: int, said: str) -> None:
        """The work is done. From any thread."""
        self._outcome = code, said
        os.write(self._writer, _DONE)


def end_at_once(reason: str) -> NoReturn:
    """End the process with all that it started: nothing of it may go on. The kernel sees to it."""
    _log.critical("%s This server ends at once, with all of its tasks.", reason)
    os._exit(1)


@contextmanager
def end_signals() -> Iterator[Ending]:
    """Within the block, the first signal is what the ending waits for; a second one ends at once.

    At once means by `_exit`: the kernel then ends everything that the server started.
    """
    reader, writer = os.pipe()
    seen = 0

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1
        if seen > 1:
            os._exit(128 + number)
        os.write(writer, bytes([number]))

    before = {number: signal.signal(number, handle) for number in ENDING}
    try:
        yield Ending(reader, writer)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)
