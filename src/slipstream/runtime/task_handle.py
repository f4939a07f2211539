"""One task process as the host holds it: from the order to fork it until nothing of it is left."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
from collections.abc import Callable
from typing import Protocol

import msgspec

from slipstream.runtime import processes
from slipstream.runtime.channel import Channel
from slipstream.runtime.output import OutputPipe
from slipstream.runtime.reactor import Reactor, Timer
from slipstream.wire import messages

_log = logging.getLogger(__name__)

_REMINDERS_SECONDS = (0.5, 2.0, 10.0)
"""When SIGTERM is sent again. Python sees one that arrives just before a call that blocks only
after that call; the next one interrupts it. Our own handler ignores all but the first."""
_CHECK_SECONDS = 1.0
"""How often a process is looked at whose socket is closed but of whose end nobody told."""


class Occupant(Protocol):
    """What a task process works on, and who listens to it."""

    def first_message(self) -> messages.ToTask:
        """What the process is given to do."""

    def on_begun(self, pid: int) -> None:
        """The process runs and has got its work."""

    def on_message(self, message: messages.FromTask) -> None:
        """The process said something."""

    def on_line(self, stream: str, line: str) -> None:
        """The process, or one below it, wrote a line to `stdout` or `stderr`."""

    def on_stillborn(self, reason: str) -> None:
        """There never was a process, and nobody has begun with the work."""

    def on_exited(self, status: int | None) -> None:
        """Nothing of the process is left. None where nobody knows its exit status."""


class TaskProcess:
    """A process forked or about to be. All methods belong to the reactor's thread.

    Work may be assigned before it is forked: the message waits in the socket.
    """

    def __init__(
        self,
        number: int,
        reactor: Reactor,
        *,
        on_pid: Callable[[TaskProcess, int], None],
        on_gone: Callable[[TaskProcess], None],
    ) -> None:
        self.number = number
        self.pid: int | None = None
        self.occupant: Occupant | None = None
        self.is_ready = False
        """Whether it has said hello: from then on it may have begun with its work."""
        self.is_gone = False
        self._reactor = reactor
        self._on_pid = on_pid
        self._on_gone = on_gone
        self._pidfd = -1
        self._kill_timer: Timer | None = None
        ours, theirs = socket.socketpair()
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        err_read, err_write = os.pipe2(os.O_CLOEXEC)
        self.child_descriptors = (theirs.detach(), out_write, err_write)
        self._channel = Channel(reactor, ours, self._on_payload, self._on_end)
        self._pipes = (
            OutputPipe(out_read, lambda line: self._on_line("stdout", line)),
            OutputPipe(err_read, lambda line: self._on_line("stderr", line)),
        )

    def open(self) -> None:
        """Begin to listen."""
        self._channel.open()
        for pipe in self._pipes:
            self._reactor.watch(pipe.fileno(), self._on_written)

    def assign(self, occupant: Occupant) -> None:
        """Give the process its work; once."""
        self.occupant = occupant
        self._channel.send(occupant.first_message())
        self._begin()

    def send(self, message: messages.ToTask) -> None:
        """Send the process a message. Safe from any thread."""
        self._channel.send(message)

    def on_forked(self, pid: int) -> None:
        """The process has this number."""
        if self.pid is not None or self.is_gone:
            return
        self.pid = pid
        self._on_pid(self, pid)
        with contextlib.suppress(OSError, AttributeError):
            self._pidfd = os.pidfd_open(pid)

    def on_exited(self, status: int | None) -> None:
        """The process has ended and was waited for, or is known to be no more."""
        if self.is_gone:
            return
        self.is_gone = True
        for pipe in self._pipes:
            pipe.drain(rounds=1024)
        self._channel.receive_now()
        self._let_go()
        if self.occupant is not None and self.is_ready:
            self.occupant.on_exited(status)
        elif self.occupant is not None:
            self.occupant.on_stillborn("it ended before it could begin")
        self._on_gone(self)

    def give_up(self, reason: str) -> None:
        """There will be no process after all: the fork failed."""
        if self.is_gone:
            return
        self.is_gone = True
        self._let_go()
        if self.occupant is not None:
            self.occupant.on_stillborn(reason)
        self._on_gone(self)

    def retire(self) -> None:
        """Let a process without work end: it sees the end of its socket."""
        self._channel.close()
        self._expect_exit()

    def terminate(self, grace_seconds: float) -> None:
        """SIGTERM now and again, and SIGKILL to all of it after the grace."""
        if self._kill_timer is not None and self._kill_timer.callback is not None:
            return
        self._signal(signal.SIGTERM)
        self._kill_timer = self._reactor.call_after(grace_seconds, self.kill)
        for pause in _REMINDERS_SECONDS:
            if pause < grace_seconds:
                self._reactor.call_after(pause, self._remind)

    def _remind(self) -> None:
        self._signal(signal.SIGTERM)

    def end_within(self, seconds: float) -> None:
        """Leave the process time to end by itself, and kill it then."""
        if self._kill_timer is None or self._kill_timer.callback is None:
            self._kill_timer = self._reactor.call_after(seconds, self.kill)

    def kill(self) -> None:
        """SIGKILL to the process and everything below it."""
        if self.is_gone or self.pid is None:
            return
        if self._signal(0):
            processes.kill_tree(self.pid)

    def _signal(self, number: int) -> bool:
        """Signal exactly this process, never one that got its number later."""
        if self.is_gone:
            return False
        try:
            if self._pidfd >= 0:
                signal.pidfd_send_signal(self._pidfd, number)
            elif self.pid is not None:
                os.kill(self.pid, number)
            else:
                return False
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def _on_written(self) -> None:
        """Something was written to a pipe. (A message says itself where the pipes come first.)

        The socket is read again after the pipes, before anything is written to the log: a secret
        to mask that was announced before it was printed is then known.
        """
        self._channel.receive_now()
        self._drain_pipes()
        self._channel.receive_now()

    def _drain_pipes(self) -> None:
        for pipe in self._pipes:
            if pipe.fileno() >= 0 and not pipe.drain():
                self._close_pipe(pipe)

    def _on_payload(self, payload: bytes) -> None:
        try:
            message = messages.decode_from_task(payload)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            _log.error("task process %s sent what is no message: %s", self.pid, error)
            self.kill()
            return
        match message:
            case messages.Hello():
                self.on_forked(message.pid)
                self.is_ready = True
                self._begin()
                return
            case messages.LogLine(after_raw=True) | messages.Report() | messages.ErrandDone():
                self._drain_pipes()
        if self.occupant is not None:
            self.occupant.on_message(message)

    def _begin(self) -> None:
        """The process is there and has its work."""
        if self.pid is not None and self.is_ready and self.occupant is not None:
            self.occupant.on_begun(self.pid)

    def _on_line(self, stream: str, line: str) -> None:
        if self.occupant is not None:
            self.occupant.on_line(stream, line)

    def _on_end(self) -> None:
        """The socket is closed: the process has ended, or never came to be."""
        if self.pid is None:
            self.give_up("its zygote ended before it was forked")
        else:
            self._expect_exit()

    def _expect_exit(self, *, news_is_late: bool = False) -> None:
        """The zygote tells of the exit, or whoever inherited it. Should that fail, look."""
        self._reactor.call_after(_CHECK_SECONDS, lambda: self._check_exit(news_is_late))

    def _check_exit(self, news_is_late: bool) -> None:
        if self.is_gone:
            return
        if self.pid is None:
            self.give_up("it was never forked")
            return
        if self._has_ended() and news_is_late:
            self.on_exited(None)
        else:
            self._expect_exit(news_is_late=self._has_ended())

    def _has_ended(self) -> bool:
        if self._pidfd < 0:
            return self.pid is None or not processes.is_alive(self.pid)
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return bool(poll.poll(0))

    def _close_pipe(self, pipe: OutputPipe) -> None:
        self._reactor.unwatch(pipe.fileno())
        pipe.close()

    def _let_go(self) -> None:
        if self._kill_timer is not None:
            self._kill_timer.cancel()
        self._channel.close()
        for pipe in self._pipes:
            if pipe.fileno() >= 0:
                self._close_pipe(pipe)
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
