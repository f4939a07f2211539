"""The loop of a zygote: take orders to fork, fork, say who ended. Single threaded for ever."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import traceback
from collections.abc import Callable
from typing import NoReturn

from slipstream.runtime import interrupts, lifeline, processes
from slipstream.wire import messages
from slipstream.wire.frames import BlockingConnection, ConnectionLostError


class ForkServer:
    """Forks what the process host asks for, and reaps it.

    `become` is what a child does with its order and descriptors; it never returns into the loop.
    What can be done before a fork is done here: a page that a child writes to is copied, and that
    is most of what a child costs.

    What an ended task leaves to this process, a subreaper, is killed. What an ended DAG zygote
    leaves lives on: its running tasks.

    `spawn` may start an interpreter for an order in the place of a fork; it gives the process's
    number, or None where a fork will do.
    """

    def __init__(
        self,
        connection: BlockingConnection,
        read_end: int,
        become: Callable[[messages.Order, list[int]], NoReturn],
        *,
        spawn: Callable[[messages.Order, list[int], int], int | None] | None = None,
    ) -> None:
        self._connection = connection
        self._read_end = read_end
        self._become = become
        self._spawn = spawn
        self._children: set[int] = set()
        self._zygotes: set[int] = set()
        """Those of the children that have children of their own to leave."""
        self._adopted: set[int] = set()
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def serve(self) -> None:
        """Work until the process host closes the connection."""
        signal.signal(signal.SIGCHLD, _ignore)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self._connection.fileno(), select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        try:
            while True:
                ready = dict(poll.poll())
                if self._wake_read in ready:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self._wake_read, 4096)
                    self._reap()
                if self._connection.fileno() in ready:
                    self._obey()
        except ConnectionLostError:
            return

    def _obey(self) -> None:
        waiting = True
        while waiting:
            order = messages.decode_to_zygote(self._connection.receive())
            descriptors = list(self._connection.take_descriptors(messages.DESCRIPTORS[type(order)]))
            self._fork(order, descriptors)
            waiting = self._connection.has_received()

    def _fork(self, order: messages.Order, descriptors: list[int]) -> None:
        place = lifeline.new_place(self._read_end)
        try:
            pid = self._spawn(order, descriptors, place) if self._spawn else None
            if pid is None:
                pid = os.fork()
        except OSError as error:
            pid = -1
            failure = f"cannot start a process: {os.strerror(error.errno or 0)}"
        if pid == 0:
            self._become_child(order, descriptors, place)
        for descriptor in (*descriptors, place):
            os.close(descriptor)
        if pid < 0:
            self._connection.send(messages.ForkFailed(process=order.process, message=failure))
            return
        self._children.add(pid)
        if isinstance(order, messages.ForkZygote):
            self._zygotes.add(pid)
        self._connection.send(messages.Forked(process=order.process, pid=pid))

    def _become_child(self, order: messages.Order, descriptors: list[int], place: int) -> NoReturn:
        """What the child does first: let go of everything that is the parent's."""
        try:
            signal.set_wakeup_fd(-1)
            interrupts.no_action(signal.SIGCHLD)
            os.close(self._wake_read)
            os.close(self._wake_write)
            self._connection.close()
            enter_own_group(place)
            self._become(order, descriptors)
        except BaseException:  # noqa: BLE001 - the child must never run on in the parent's loop
            traceback.print_exc()
        finally:
            os._exit(70)

    def _reap(self) -> None:
        """Report every child that has ended; what it left in its group ends with it.

        The group is killed before the child is waited for: until then its number cannot be given
        to anybody else.
        """
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            processes.kill_group(ended.si_pid)
            _, status = os.waitpid(ended.si_pid, 0)
            self._settle_orphans_of(ended.si_pid)
            self._connection.send(
                messages.ChildExited(pid=ended.si_pid, status=os.waitstatus_to_exitcode(status))
            )

    def _settle_orphans_of(self, pid: int) -> None:
        """Kill what an ended child has left to this process, unless that is a zygote's tasks.

        A living child is a subreaper itself and keeps what is orphaned below it.
        """
        was_zygote = pid in self._zygotes
        for known in (self._children, self._zygotes, self._adopted):
            known.discard(pid)
        left = set(processes.children_of(os.getpid())) - self._children - self._adopted
        if left and (was_zygote or any(map(_has_ended, self._zygotes))):
            self._adopted |= left
            return
        for orphan in left:
            processes.kill_tree(orphan)


def _has_ended(child: int) -> bool:
    """Whether a child has ended and was not waited for yet."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _ignore(_number: int, _frame: object) -> None:
    """A handler is needed for the signal to write to the wake-up descriptor."""


def enter_own_group(place: int) -> None:
    """Make the calling process, just forked, the leader of a session bound to the lifeline."""
    os.setsid()
    lifeline.take(place)
    processes.become_subreaper()


def adopt_output(out: int, err: int) -> None:
    """Make these descriptors the standard output and error, and /dev/null the input."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    for descriptor in {null, out, err} - {0, 1, 2}:
        os.close(descriptor)


def settle_memory() -> None:
    """Put everything that lives into the permanent generation, so that forks share its pages."""
    gc.collect()
    gc.freeze()
