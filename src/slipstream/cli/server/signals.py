"""Waiting until somebody ends the server."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, Protocol

_log = logging.getLogger(__name__)

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Waiter(Protocol):
    """Blocks until the end was asked for."""

    def __call__(self) -> signal.Signals:
        """The signal that asked for it."""


def end_at_once(reason: str) -> NoReturn:
    """End the process with all that it started: nothing of it may go on. The kernel sees to it."""
    _log.critical("%s This server ends at once, with all of its tasks.", reason)
    os._exit(1)


@contextmanager
def end_signals() -> Iterator[Waiter]:
    """Within the block, the first signal is what the waiter waits for; a second one ends at once.

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

    def wait() -> signal.Signals:
        return signal.Signals(os.read(reader, 1)[0])

    before = {number: signal.signal(number, handle) for number in ENDING}
    try:
        yield wait
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)
