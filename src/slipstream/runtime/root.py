"""The root zygote as the host holds it: started when it is needed, and again when it died."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence

from slipstream.runtime.channel import Channel
from slipstream.runtime.environment import BIND_NOW, OURS
from slipstream.runtime.fresh import command_of
from slipstream.runtime.lifeline import Lifeline
from slipstream.runtime.reactor import Reactor
from slipstream.wire import messages

_EXIT_SECONDS = 5.0


class RootProcess:
    """Starts the root zygote and passes orders on. All methods are the reactor's thread's."""

    def __init__(
        self,
        reactor: Reactor,
        lifeline: Lifeline,
        environment: Mapping[str, str],
        on_message: Callable[[messages.FromZygote], None],
        on_death: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._lifeline = lifeline
        self._environment = environment
        self._on_message = on_message
        self._on_death = on_death
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None

    @property
    def pid(self) -> int | None:
        """The running root's process number, or None."""
        return None if self._process is None else self._process.pid

    def ensure(self) -> Channel:
        """The socket to a root zygote; starts one if there is none."""
        if self._channel is not None:
            return self._channel
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                command_of("slipstream.runtime.zygote", theirs.fileno(), self._lifeline.read_end),
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), self._lifeline.read_end),
                start_new_session=True,
                # Symbols that are looked up when they are first used would be by every task.
                env={BIND_NOW: OURS, **self._environment},
            )
        self._channel = Channel(self._reactor, ours, self._on_payload, self._on_end)
        self._channel.open()
        return self._channel

    def send(self, order: messages.Order, descriptors: Sequence[int] = ()) -> None:
        """Pass an order on."""
        self.ensure().send(order, descriptors)

    def stop(self) -> None:
        """End the root and everything below it; returns when they are gone."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        self._wait()

    def _on_payload(self, payload: bytes) -> None:
        self._on_message(messages.decode_from_zygote(payload))

    def _on_end(self) -> None:
        """The root has died; the next order starts another one."""
        self._channel = None
        self._wait()
        self._on_death()

    def _wait(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
