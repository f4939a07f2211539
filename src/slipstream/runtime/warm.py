"""A DAG zygote as the host holds it: a process that loads a file and then forks task processes."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum

from slipstream.runtime import processes
from slipstream.runtime.channel import Channel
from slipstream.runtime.jobs import Job
from slipstream.runtime.output import OutputPipe
from slipstream.runtime.reactor import Reactor, Timer
from slipstream.runtime.task_handle import TaskProcess
from slipstream.runtime.tracebacks import is_ours
from slipstream.wire import messages

_OUTPUT_LINES = 1000
_MOST_AT_ONCE = 16
"""Orders that are sent together: their descriptors have to fit into one message."""
_EXIT_NEWS_SECONDS = 2.0


class Phase(Enum):
    """Where a zygote stands."""

    LOADING = "loading"
    WARM = "warm"
    GONE = "gone"


class WarmFile:
    """One DAG zygote. All methods are the reactor's thread's.

    `on_loaded` is called once, with what loading gave or what the process died of; None as the
    result says that there never was a process. `on_gone` is called once a warm zygote has ended.
    """

    def __init__(
        self,
        number: int,
        load: messages.LoadSpec,
        reactor: Reactor,
        *,
        on_loaded: Callable[[WarmFile, messages.Loaded | None], None],
        on_message: Callable[[messages.FromZygote], None],
        on_ask: Callable[[WarmFile, messages.Ask], None],
        on_gone: Callable[[WarmFile], None],
    ) -> None:
        self.number = number
        self.load = load
        self.phase = Phase.LOADING
        self.pid: int | None = None
        self.exit_status: int | None = None
        self.source_hash = ""
        self.private_bytes = 0
        self.load_seconds = 0.0
        self.last_used = time.monotonic()
        self.jobs: deque[Job] = deque()
        self.spares: deque[TaskProcess] = deque()
        self.live: set[TaskProcess] = set()
        self.wanted_spares = 0
        self.output: deque[str] = deque(maxlen=_OUTPUT_LINES)
        self._reactor = reactor
        self._on_loaded = on_loaded
        self._on_message = on_message
        self._on_ask = on_ask
        self._on_gone = on_gone
        self._started = time.monotonic()
        self._timed_out = False
        self._load_seconds = load.timeout_seconds
        ours, theirs = socket.socketpair()
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        self.child_descriptors = (theirs.detach(), out_write)
        self._channel = Channel(reactor, ours, self._on_payload, self._on_end)
        self._pipe = OutputPipe(out_read, self.output.append)
        self._idle_timer: Timer | None = None
        self._timer: Timer | None = None

    def open(self) -> None:
        """Begin to listen."""
        self._channel.open()
        self._reactor.watch(self._pipe.fileno(), self._on_output)

    @property
    def is_busy(self) -> bool:
        """Whether work is waiting for it or running below it."""
        return bool(self.jobs) or len(self.live) > len(self.spares)

    @property
    def has_idle_timer(self) -> bool:
        """Whether the spares are being watched for being idle."""
        return self._idle_timer is not None

    def start_idle_timer(self, seconds: float, shrink: Callable[[WarmFile], None]) -> None:
        """Shrink after each such time without a start, until no spare is wanted."""

        def look() -> None:
            self._idle_timer = None
            if self.phase is not Phase.WARM:
                return
            if time.monotonic() - self.last_used >= seconds:
                shrink(self)
            if self.wanted_spares:
                self.start_idle_timer(seconds, shrink)

        self._idle_timer = self._reactor.call_after(seconds, look)

    def on_forked(self, pid: int) -> None:
        """The zygote has this number, and begins to load."""
        self.pid = pid
        if self.phase is Phase.LOADING:
            self._limit(self._load_seconds)

    def fork(self, made: Sequence[TaskProcess]) -> None:
        """Have the zygote fork these processes."""
        self.live.update(made)
        for start in range(0, len(made), _MOST_AT_ONCE):
            some = made[start : start + _MOST_AT_ONCE]
            orders = [messages.ForkTask(process=process.number) for process in some]
            descriptors = [one for process in some for one in process.child_descriptors]
            self._channel.send_all(orders, descriptors)

    def reply(self, reply: messages.Reply) -> None:
        """Answer what the file asked while it is loaded. Safe from any thread."""
        self._channel.send(reply)

    def retire(self) -> None:
        """Let the zygote end. Tasks that run below it go on."""
        if self.phase is Phase.GONE:
            return
        self.phase = Phase.GONE
        self._let_go()
        self._on_gone(self)

    def probe(self) -> None:
        """See whether it is still there, before the reactor comes to it."""
        self._channel.receive_now()

    def kill(self) -> None:
        """End the zygote and everything below it at once."""
        if self.pid is not None and processes.is_alive(self.pid):
            processes.kill_tree(self.pid)

    def on_exited(self, status: int) -> None:
        """The zygote has ended and was waited for."""
        self.exit_status = status
        self._channel.receive_now()
        if self.phase is Phase.LOADING:
            self._died_loading(processes.describe_exit(status))
        else:
            self.retire()

    def _on_payload(self, payload: bytes) -> None:
        message = messages.decode_from_zygote(payload)
        if isinstance(message, messages.Ask):
            self._on_ask(self, message)
        elif isinstance(message, messages.LoadTimeout):
            self._limit(message.seconds)
        elif not isinstance(message, messages.Loaded):
            self._on_message(message)
        elif self.phase is Phase.LOADING:
            self._pipe.drain()
            self._finish_loading(message)

    def _finish_loading(self, loaded: messages.Loaded | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if loaded is not None and loaded.error is None and loaded.unsafe is None:
            self.phase = Phase.WARM
            self.private_bytes = loaded.private_bytes
            self.load_seconds = loaded.duration_seconds
        else:
            self.phase = Phase.GONE
            self._let_go()
        self._on_loaded(self, loaded)

    def _on_end(self) -> None:
        """The socket is closed: it has ended, or was never forked."""
        if self.phase is Phase.WARM:
            self.retire()
        elif self.phase is Phase.LOADING and self.pid is None:
            self._finish_loading(None)
        elif self.phase is Phase.LOADING:
            # The root tells how it ended; unless the root is gone too.
            self._reactor.call_after(_EXIT_NEWS_SECONDS, self._give_up_on_news)

    def _give_up_on_news(self) -> None:
        if self.phase is Phase.LOADING:
            self._died_loading("how it ended is not known")

    def _died_loading(self, how: str) -> None:
        self._pipe.drain(rounds=1024)
        if self._timed_out:
            reason = (
                f"Loading this file took longer than {self._load_seconds:g} s and did not "
                "react to being interrupted. Move slow work from the top level into tasks."
            )
        else:
            reason = f"The process that loaded this file has ended ({how})."
        output = "\n".join(line for line in self.output if not is_ours(line))
        self._finish_loading(
            messages.Loaded(
                error=f"{reason}\n\n{output}".rstrip() + "\n",
                duration_seconds=time.monotonic() - self._started,
            )
        )

    def _limit(self, seconds: float) -> None:
        """Loading may take so long from now on; 0 is without end."""
        self._load_seconds = seconds
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds and self.pid is not None:
            self._timer = self._reactor.call_after(
                seconds + self.load.grace_seconds, self._on_timeout
            )

    def _on_timeout(self) -> None:
        if self.phase is Phase.LOADING:
            self._timed_out = True
            self.kill()

    def _on_output(self) -> None:
        if not self._pipe.drain():
            self._reactor.unwatch(self._pipe.fileno())
            self._pipe.close()

    def _let_go(self) -> None:
        for timer in (self._timer, self._idle_timer):
            if timer is not None:
                timer.cancel()
        self._channel.close()
        if self._pipe.fileno() >= 0:
            self._reactor.unwatch(self._pipe.fileno())
            self._pipe.close()
