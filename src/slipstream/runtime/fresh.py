"""A new interpreter for one file: `python -m slipstream.runtime.fresh ORDER SOCKET LIFELINE`.

What the root zygote starts where a forked process would not do. It speaks as a forked one does: it
loads the file and tells what that gave, or runs a task of it. It never forks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import msgspec

from slipstream.wire import messages

_FLAGS = ("-P", "-X", "faulthandler")
"""-P keeps the folder that the server was started in off the path of DAG files."""


def spawn(order: messages.Order, descriptors: Sequence[int], place: int) -> int:
    """Start the interpreter for an order, with its descriptors; gives its process number.

    There is no fork in it, so that nothing that a library does at a fork takes place.
    """
    sock, out = descriptors[0], descriptors[1]
    os.set_inheritable(sock, True)
    os.set_inheritable(place, True)
    what = msgspec.json.encode(order).decode()
    command = command_of("slipstream.runtime.fresh", what, sock, place)
    return os.posix_spawn(
        sys.executable,
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, out, 1),
            (os.POSIX_SPAWN_DUP2, descriptors[-1] if len(descriptors) > 2 else out, 2),
        ],
        setsid=True,
    )


def command_of(module: str, *arguments: object) -> list[str]:
    """The command line of an interpreter that runs one of our modules."""
    return [sys.executable, *_FLAGS, "-m", module, *map(str, arguments)]


def main() -> NoReturn:
    """Carry out the order that the command line gives, and exit."""
    from slipstream.runtime import lifeline, loader, processes
    from slipstream.runtime.loading_backend import load_asking
    from slipstream.runtime.zygotes import run_alone, run_logs, run_triggers, timeout_announcer
    from slipstream.wire.frames import connect

    order = messages.decode_order(sys.argv[1])
    sock, place = map(int, sys.argv[2:])
    del sys.argv[1:]
    for descriptor in (sock, place):
        os.set_inheritable(descriptor, False)
    lifeline.take(place)
    processes.become_subreaper()
    loader.preload()
    connection = connect(sock)
    if isinstance(order, messages.ForkTriggers):
        run_triggers(order, connection)
    if isinstance(order, messages.ForkLogs):
        run_logs(connection)
    if isinstance(order, messages.ForkTask):
        run_alone(order, connection)
    file = load_asking(
        order.load, connection, will_fork=False, on_timeout=timeout_announcer(connection)
    )
    connection.send(file.message())
    os._exit(0)


if __name__ == "__main__":
    main()
