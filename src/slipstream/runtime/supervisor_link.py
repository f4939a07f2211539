"""The task's side of the socket to the process host, safe for threads, signals and forks.

Whole frames only: a signal handler must not raise in the middle of one, so handlers that may raise
go through `interrupts`. Processes that the task forks (`multiprocessing`) share the socket; from
the first fork on, a file lock keeps them from speaking at the same time.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import select
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from slipstream.runtime import fork_hooks, interrupts
from slipstream.runtime.link import accepted
from slipstream.wire import execution, messages
from slipstream.wire.frames import BlockingConnection, ConnectionLostError, pack
from slipstream.wire.questions import Question

_ALONE = nullcontext()
_NOBODY = "there is no process host to speak to yet"


class SupervisorLink:
    """Asks, logs and reports. One per task process; forked children use their parent's."""

    def __init__(self) -> None:
        self._connection: BlockingConnection | None = None
        self._owner = 0
        self._numbers = itertools.count(1)
        self._replies: dict[int, execution.Answer] = {}
        self.work: messages.Start | messages.Errand | Question | None = None
        """Work that came while an answer was awaited: a file that is still being loaded asks."""
        self._lock_file = -1
        self._is_shared = False
        self._new_locks()

    def attach(self, connection: BlockingConnection) -> None:
        """Speak over this connection, for the calling process."""
        self._connection = connection
        self._owner = os.getpid()

    def detach(self) -> None:
        """Speak to nobody any more."""
        self._connection = None

    def watch_forks(self) -> None:
        """Be ready for the forks of the task's own code, once hooks are released."""
        fork_hooks.hold(
            before=self._before_fork,
            after_in_parent=self._after_fork,
            after_in_child=self._after_fork_in_child,
        )

    @property
    def is_owner(self) -> bool:
        """Whether the caller is the task's process itself, not one that it forked."""
        return os.getpid() == self._owner

    def send(self, message: messages.FromTask) -> None:
        """Tell the host something."""
        data = pack(message)
        if self._is_shared:
            with self._turn():
                self._send_packed(data)
        else:
            self._send_packed(data)

    def _send_packed(self, data: bytes) -> None:
        with self._sending, interrupts.DEFERRED:
            connection = self._connection
            if connection is None:
                raise ConnectionLostError(_NOBODY)
            connection.send_packed(data)

    def mask(self, secrets: Sequence[str]) -> None:
        """Hide these texts in the log from now on."""
        self.send(messages.Mask(secrets=list(secrets)))

    def ask(self, request: execution.Request) -> execution.Answer:
        """The answer to a request. Raises the `SlipstreamError` that a refusal stands for."""
        number = self._owner_number()
        data = pack(messages.Ask(number=number, request=request))
        with self._turn():
            self._send_packed(data)
            with self._receiving:
                answer = self._wait_for(number)
        return accepted(answer)

    async def ask_async(self, request: execution.Request) -> execution.Answer:
        """The same, for a coroutine; another thread waits."""
        import asyncio

        return await asyncio.to_thread(self.ask, request)

    @property
    def _attached(self) -> BlockingConnection:
        if self._connection is None:
            raise ConnectionLostError(_NOBODY)
        return self._connection

    def _owner_number(self) -> int:
        """A number that no process sharing the socket uses."""
        return os.getpid() << 24 | next(self._numbers)

    def _wait_for(self, number: int) -> execution.Answer:
        """The reply of that number; others belong to requests that were interrupted, or to a
        caller further up that this one interrupted."""
        connection = self._attached
        while number not in self._replies:
            if not connection.has_received():
                select.select([connection], [], [])
            with interrupts.DEFERRED:
                reply = messages.decode_to_task(connection.receive())
            if isinstance(reply, messages.Reply):
                self._replies[reply.number] = reply.answer
            else:
                self.work = reply
        return self._replies.pop(number)

    def _turn(self) -> AbstractContextManager[None]:
        """Among processes that share the socket, be the one that speaks."""
        return self._among_many() if self._is_shared else _ALONE

    @contextmanager
    def _among_many(self) -> Iterator[None]:
        with self._shared_turn:
            fcntl.lockf(self._lock_file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._lock_file, fcntl.LOCK_UN)

    def _new_locks(self) -> None:
        self._sending = threading.RLock()
        self._receiving = threading.RLock()
        self._shared_turn = threading.RLock()

    def _before_fork(self) -> None:
        if self._lock_file < 0:
            self._lock_file = os.memfd_create("slipstream-turn", os.MFD_CLOEXEC)

    def _after_fork(self) -> None:
        self._is_shared = True

    def _after_fork_in_child(self) -> None:
        self._is_shared = True
        self._replies.clear()
        self._new_locks()
        if threading.current_thread() is threading.main_thread():
            interrupts.forget()
