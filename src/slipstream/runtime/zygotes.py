"""What the root zygote and the DAG zygotes do.

The root is started by `exec`, so that it inherits neither threads nor locks. It imports what every
task needs and then only forks: DAG zygotes, and the task processes of files that must not be
forked once they are loaded. A DAG zygote loads its file, says what came of it, and forks tasks.
Where not even the root may be forked, it starts an interpreter for each of them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from msgspec.structs import replace

from slipstream.runtime import fork_hooks, huge_pages, loader, processes
from slipstream.runtime.fork_safety import reason_not_to_fork_at_all
from slipstream.runtime.forking import ForkServer, adopt_output, settle_memory
from slipstream.runtime.fresh import spawn
from slipstream.runtime.loading_backend import load_asking
from slipstream.runtime.supervisor_link import SupervisorLink
from slipstream.runtime.task_process import TaskProcess
from slipstream.wire import messages
from slipstream.wire.frames import BlockingConnection, ConnectionLostError, connect


@dataclass(slots=True)
class RootZygote:
    """The process that all others are forked from."""

    connection: BlockingConnection
    lifeline: int
    arenas: Sequence[bytes] = ()
    """What holds memory that was taken early: see `huge_pages`."""
    unsafe: str | None = None
    """Why it starts interpreters and never forks, or None."""

    def run(self) -> NoReturn:
        """Serve until the server closes the socket or dies; then end everything below."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        processes.become_subreaper()
        loader.preload()
        # Only now: it needs what was preloaded.
        from slipstream.runtime.rehearsal import rehearse

        rehearse(self.lifeline)
        settle_memory()
        huge_pages.gather()
        self.unsafe = reason_not_to_fork_at_all()
        try:
            self.connection.send(messages.Ready(pid=os.getpid(), unsafe=self.unsafe))
        except ConnectionLostError:
            # The server has ended before this process was ready.
            end_everything_below()
            os._exit(0)
        ForkServer(self.connection, self.lifeline, self._become, spawn=self._spawn).serve()
        end_everything_below()
        os._exit(0)

    def _spawn(self, order: messages.Order, descriptors: list[int], place: int) -> int | None:
        """Start an interpreter where the order, or what this process is, wants one."""
        if isinstance(order, messages.ForkTriggers):
            return spawn(order, descriptors, place) if self.unsafe is not None else None
        if isinstance(order, messages.ForkLogs):
            return spawn(order, descriptors, place) if self.unsafe is not None else None
        load = order.load
        if load is None or (load.fresh_for or self.unsafe) is None:
            return None
        load = replace(load, fresh_for=load.fresh_for or self.unsafe)
        return spawn(replace(order, load=load), descriptors, place)

    def _become(self, order: messages.Order, descriptors: list[int]) -> NoReturn:
        match order:
            case messages.ForkZygote():
                sock, out = descriptors
                adopt_output(out, out)
                DagZygote(connect(sock), self.lifeline).run(order.load)
            case messages.ForkTask():
                sock, out, err = descriptors
                adopt_output(out, err)
                fork_hooks.release()
                run_alone(order, connect(sock))
            case messages.ForkTriggers():
                sock, out, err = descriptors
                adopt_output(out, err)
                run_triggers(order, connect(sock))
            case messages.ForkLogs():
                sock, out, err = descriptors
                adopt_output(out, err)
                run_logs(connect(sock))


@dataclass(frozen=True, slots=True)
class DagZygote:
    """The process that has loaded one version of one DAG file."""

    connection: BlockingConnection
    lifeline: int

    def run(self, spec: messages.LoadSpec) -> NoReturn:
        """Load the file, report, and fork task processes until the host closes the socket."""
        file = load_asking(spec, self.connection, on_timeout=timeout_announcer(self.connection))
        if file.error is not None or file.unsafe is not None:
            self.connection.send(file.message())
            os._exit(0)
        task = TaskProcess(file)
        settle_memory()
        self.connection.send(file.message())

        def become(_order: messages.Order, descriptors: list[int]) -> NoReturn:
            sock, out, err = descriptors
            adopt_output(out, err)
            connection = connect(sock)
            connection.send(messages.Hello(pid=os.getpid()))
            task.run(connection)

        ForkServer(self.connection, self.lifeline, become).serve()
        os._exit(0)


def timeout_announcer(connection: BlockingConnection) -> Callable[[float], None]:
    """Tells the host how long loading may take, once that is known."""
    return lambda seconds: connection.send(messages.LoadTimeout(seconds=seconds))


def run_triggers(order: messages.ForkTriggers, connection: BlockingConnection) -> NoReturn:
    """Be a process of triggers. What only triggers need is imported here, on first use."""
    connection.send(messages.Hello(pid=os.getpid()))
    from slipstream.runtime.trigger_process import TriggerProcess

    TriggerProcess(order, connection).run()


def run_logs(connection: BlockingConnection) -> NoReturn:
    """Be a process that carries logs."""
    connection.send(messages.Hello(pid=os.getpid()))
    from slipstream.runtime.log_process import LogProcess

    LogProcess(connection).run()


def run_alone(order: messages.ForkTask, connection: BlockingConnection) -> NoReturn:
    """Be a task process that loads its file itself."""
    if order.load is None:
        raise ValueError("a task that is not forked from a DAG zygote needs a file to load")
    connection.send(messages.Hello(pid=os.getpid()))
    link = SupervisorLink()
    file = load_asking(order.load, connection, link, will_fork=False)
    connection.send(file.message())
    TaskProcess(file).run(connection, link.work)


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
