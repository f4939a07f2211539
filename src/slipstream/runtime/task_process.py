"""The life of a task process: wait for an attempt, run it, report, exit."""

from __future__ import annotations

import gc
import os
import random
import sys
from typing import NoReturn

from slipstream.runtime.loader import LoadedFile
from slipstream.runtime.supervisor_link import SupervisorLink
from slipstream.wire import messages
from slipstream.wire.frames import BlockingConnection, ConnectionLostError


def run(connection: BlockingConnection, file: LoadedFile) -> NoReturn:
    """Say hello, take the work that comes, do it, and exit."""
    _forget_the_parent()
    try:
        connection.send(messages.Hello(pid=os.getpid()))
        work = messages.decode_to_task(connection.receive())
    except ConnectionLostError:
        os._exit(0)  # A spare that is not needed any more.
    gc.enable()
    link = SupervisorLink(connection)
    match work:
        case messages.Start():
            from slipstream.runtime.task_session import run_attempt

            run_attempt(work, file, link)
        case _:
            raise TypeError(f"a task process was first sent {type(work).__name__}")
    _exit(0)


def _forget_the_parent() -> None:
    """Give the process randomness of its own, where a library keeps a generator in memory."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _exit(code: int) -> NoReturn:
    os._exit(code)
