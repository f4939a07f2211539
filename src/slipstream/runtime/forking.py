"""The loop of a zygote: take orders to fork, fork, say who ended. Single threaded for ever."""

from __future__ import annotations

import gc
import os
import select
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from slipstream.runtime import interrupts, lifeline, processes
from slipstream.wire import messages
from slipstream.wire.frames import BlockingConnection, ConnectionLostError, pack

_ENDED = os.WEXITED | os.WNOHANG | os.WNOWAIT
_SIGCHLD = int(signal.SIGCHLD)
"""A plain number: what an enumeration's value comes with would have to be touched."""


@dataclass(slots=True)
class _Birth:
    """A child to be forked, and what came of it."""

    order: messages.Order
    descriptors: list[int]
    """For the child alone."""
    place: int
    pid: int | None = None
    failure: str = ""

    def close(self) -> None:
        """Let go of what is the child's."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        os.close(self.place)


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
        self._news: list[bytes] = []
        """Packed messages for the process host."""
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
                for descriptor, _ in poll.poll():
                    if descriptor == self._wake_read:
                        self._take_wake_ups()
                        self._reap()
                    else:
                        self._obey()
                self._send_news()
        except ConnectionLostError:
            return

    def _take_wake_ups(self) -> None:
        try:
            os.read(self._wake_read, 4096)
        except BlockingIOError:
            return

    def _obey(self) -> None:
        """Carry out all orders that have arrived."""
        orders = []
        waiting = True
        while waiting:
            order = messages.decode_to_zygote(self._connection.receive())
            descriptors = self._connection.take_descriptors(messages.DESCRIPTORS[type(order)])
            orders.append(_Birth(order, descriptors, lifeline.new_place(self._read_end)))
            waiting = self._connection.has_received()
        self._fork_all(orders)

    def _send_news(self) -> None:
        """Tell what happened in this round, all at once."""
        if self._news:
            self._connection.send_packed(b"".join(self._news))
            self._news.clear()

    def _fork_all(self, births: list[_Birth]) -> None:
        """Fork one child after the other, with as little as possible in between.

        Every page that is written to after a fork has to be copied, in this process too.
        """
        for birth in births:
            try:
                if self._spawn is not None:
                    birth.pid = self._spawn(birth.order, birth.descriptors, birth.place)
                if birth.pid is None:
                    birth.pid = os.fork()
            except OSError as error:
                birth.failure = f"cannot start a process: {os.strerror(error.errno or 0)}"
            if birth.pid == 0:
                self._live_as_child(birth, births)
        for birth in births:
            self._announce(birth)

    def _announce(self, birth: _Birth) -> None:
        birth.close()
        process, pid = birth.order.process, birth.pid
        if pid is None:
            self._news.append(pack(messages.ForkFailed(process=process, message=birth.failure)))
            return
        self._children.add(pid)
        if isinstance(birth.order, messages.ForkZygote):
            self._zygotes.add(pid)
        self._news.append(pack(messages.Forked(process=process, pid=pid)))

    def _live_as_child(self, mine: _Birth, births: list[_Birth]) -> NoReturn:
        try:
            self.leave()
            for other in births:
                if other is not mine:
                    other.close()
            enter_own_group(mine.place)
            self._become(mine.order, mine.descriptors)
        except BaseException:  # noqa: BLE001 - the child must never run on in the parent's loop
            traceback.print_exc()
        finally:
            os._exit(70)

    def leave(self) -> None:
        """What a child does first: let go of everything that is the parent's."""
        signal.set_wakeup_fd(-1)
        interrupts.no_action(_SIGCHLD)
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._connection.close()

    def _reap(self) -> None:
        """Report every child that has ended; what it left in its group ends with it.

        The group is killed before the child is waited for: until then its number cannot be given
        to anybody else.
        """
        was_zygote = False
        gone = []
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, _ENDED)
            except ChildProcessError:
                break
            if ended is None:
                break
            pid = ended.si_pid
            processes.kill_group(pid)
            _, status = os.waitpid(pid, 0)
            was_zygote = was_zygote or pid in self._zygotes
            for known in (self._children, self._zygotes, self._adopted):
                known.discard(pid)
            gone.append(messages.ChildExited(pid=pid, status=os.waitstatus_to_exitcode(status)))
        if gone:
            self._settle_orphans(was_zygote)
            self._news += map(pack, gone)

    def _settle_orphans(self, was_zygote: bool) -> None:
        """Kill what ended children have left to this process, unless that is a zygote's tasks.

        A living child is a subreaper itself and keeps what is orphaned below it.
        """
        left = []
        for child in processes.own_children():
            if child not in self._children and child not in self._adopted:
                left.append(child)
        if left and (was_zygote or any(map(_has_ended, self._zygotes))):
            self._adopted.update(left)
            return
        for orphan in left:
            processes.kill_tree(orphan)


def _has_ended(child: int) -> bool:
    """Whether a child has ended and was not waited for yet."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _ignore(_number: int, _frame: object) -> None:
    """A handler is needed for the signal to write to the wake-up descriptor."""


def enter_own_group(place: int) -> None:
    """Make the calling process, just forked, the leader of a session bound to the lifeline.

    Raises `PermissionError`, when all else is done, where it leads a group already.
    """
    lifeline.take(place)
    processes.become_subreaper()
    os.setsid()


def adopt_output(out: int, err: int) -> None:
    """Make these descriptors the standard output and error. The input is the root's: nothing."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    if out > 2:
        os.close(out)
    if err > 2 and err != out:
        os.close(err)


def settle_memory() -> None:
    """Put everything that lives into the permanent generation, so that forks share its pages."""
    gc.collect()
    gc.freeze()
