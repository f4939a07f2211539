"""The root zygote and the DAG zygotes: `python -m slipstream.runtime.zygote SOCKET LIFELINE`.

The root is started by `exec`, so that it inherits neither threads nor locks. It imports what every
task needs and then only forks: DAG zygotes, and the task processes of files that must not be
forked once they are loaded. A DAG zygote loads its file, says what came of it, and forks tasks.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from dataclasses import dataclass
from typing import NoReturn

from slipstream.runtime import loader, processes, task_process
from slipstream.runtime.forking import ForkServer, adopt_output, enter_own_group, settle_memory
from slipstream.wire import messages
from slipstream.wire.frames import BlockingConnection


@dataclass(frozen=True, slots=True)
class RootZygote:
    """The process that all others are forked from."""

    connection: BlockingConnection
    lifeline: int

    def run(self) -> NoReturn:
        """Serve until the server closes the socket or dies; then end everything below."""
        processes.become_subreaper()
        loader.preload()
        gc.disable()
        settle_memory()
        self.connection.send(messages.Ready(pid=os.getpid()))
        ForkServer(self.connection, self._make_child).serve()
        end_everything_below()
        os._exit(0)

    def _make_child(
        self, order: messages.ForkZygote | messages.ForkTask, descriptors: list[int]
    ) -> NoReturn:
        match order:
            case messages.ForkZygote():
                sock, out = descriptors
                enter_own_group(self.lifeline)
                adopt_output(out, out)
                DagZygote(_connect(sock), self.lifeline).run(order.load)
            case messages.ForkTask():
                sock, out, err = descriptors
                enter_own_group(self.lifeline)
                adopt_output(out, err)
                connection = _connect(sock)
                file = loader.load(order.load) if order.load else None
                if file is None:
                    raise ValueError("a task forked from the root zygote needs a file to load")
                connection.send(file.message())
                task_process.run(connection, file)


@dataclass(frozen=True, slots=True)
class DagZygote:
    """The process that has loaded one version of one DAG file."""

    connection: BlockingConnection
    lifeline: int

    def run(self, spec: messages.LoadSpec) -> NoReturn:
        """Load the file, report, and fork task processes until the host closes the socket."""
        file = loader.load(spec)
        message = file.message()
        if message.error is None and message.unsafe is None:
            settle_memory()
        self.connection.send(message)
        if message.error is not None or message.unsafe is not None:
            os._exit(0)

        def make_child(
            _order: messages.ForkZygote | messages.ForkTask, descriptors: list[int]
        ) -> NoReturn:
            sock, out, err = descriptors
            enter_own_group(self.lifeline)
            adopt_output(out, err)
            task_process.run(_connect(sock), file)

        ForkServer(self.connection, make_child).serve()
        os._exit(0)


def end_everything_below() -> None:
    """Kill every descendant and wait until there is none."""
    while below := processes.children_of(os.getpid()):
        for pid in below:
            processes.kill_tree(pid)
        for pid in below:
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                continue


def _connect(descriptor: int) -> BlockingConnection:
    return BlockingConnection(socket.socket(fileno=descriptor))


def main() -> NoReturn:
    """Become the root zygote on the descriptors named by the command line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sock, lifeline = map(int, sys.argv[1:3])
    os.set_inheritable(sock, False)
    os.set_inheritable(lifeline, False)
    RootZygote(_connect(sock), lifeline).run()


if __name__ == "__main__":
    main()
