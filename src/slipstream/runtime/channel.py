"""The process host's end of a socket to a zygote or a task: never blocks, keeps the order."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import msgspec

from slipstream.runtime.reactor import Reactor
from slipstream.wire.frames import FrameBuffer, pack

_RECEIVE_BYTES = 1 << 17
_ROUNDS = 16


class Channel:
    """Frames to and from one process. `send` is safe from any thread; the rest is the reactor's.

    `on_payload` gets every payload; `on_end` is called once, when the other side is gone.
    """

    __slots__ = (
        "_closed",
        "_frames",
        "_lock",
        "_on_end",
        "_on_payload",
        "_outbox",
        "_reactor",
        "_sock",
    )

    def __init__(
        self,
        reactor: Reactor,
        sock: socket.socket,
        on_payload: Callable[[bytes], None],
        on_end: Callable[[], None],
    ) -> None:
        sock.setblocking(False)
        self._reactor = reactor
        self._sock = sock
        self._on_payload = on_payload
        self._on_end = on_end
        self._frames = FrameBuffer()
        self._outbox: deque[tuple[memoryview, Sequence[int]]] = deque()
        self._lock = threading.Lock()
        self._closed = False

    def open(self) -> None:
        """Begin to listen."""
        self._reactor.watch(self._sock.fileno(), self.receive_now)

    def send(self, message: msgspec.Struct, descriptors: Sequence[int] = ()) -> None:
        """Send a message, now or as soon as the socket takes it; nothing once it is closed.

        The descriptors are closed here when they have been sent.
        """
        self._send(pack(message), descriptors)

    def send_all(self, several: Iterable[msgspec.Struct], descriptors: Sequence[int]) -> None:
        """Send messages with all their descriptors, so that they arrive together."""
        self._send(b"".join(map(pack, several)), descriptors)

    def _send(self, packed: bytes, descriptors: Sequence[int]) -> None:
        data = memoryview(packed)
        with self._lock:
            if self._closed:
                _close_all(descriptors)
                return
            if not self._outbox:
                data, descriptors = self._send_some(data, descriptors)
            if data:
                self._outbox.append((data, descriptors))
                self._reactor.call(self._watch_writing)

    def close(self) -> None:
        """Let go of the socket; nothing more is received."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._reactor.unwatch(self._sock.fileno())
            self._sock.close()
            for _, descriptors in self._outbox:
                _close_all(descriptors)
            self._outbox.clear()

    def receive_now(self) -> None:
        """Take what has arrived, and send what waits."""
        self._send_outbox()
        for _ in range(_ROUNDS):
            if self._closed:
                return
            try:
                data = self._sock.recv(_RECEIVE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.close()
                self._on_end()
                return
            for payload in self._frames.feed(data):
                self._on_payload(payload)
            if len(data) < _RECEIVE_BYTES:
                return

    def _watch_writing(self) -> None:
        with self._lock:
            if not self._closed and self._outbox:
                self._reactor.watch(self._sock.fileno(), self.receive_now, writing=True)

    def _send_outbox(self) -> None:
        with self._lock:
            if self._closed or not self._outbox:
                return
            while self._outbox:
                data, descriptors = self._send_some(*self._outbox.popleft())
                if data:
                    self._outbox.appendleft((data, descriptors))
                    return
            self._reactor.watch(self._sock.fileno(), self.receive_now)

    def _send_some(
        self, data: memoryview, descriptors: Sequence[int]
    ) -> tuple[memoryview, Sequence[int]]:
        """Send what the socket takes; gives what is left. A dead peer takes everything."""
        while data:
            try:
                if descriptors:
                    sent = socket.send_fds(self._sock, [data], descriptors)
                    _close_all(descriptors)
                    descriptors = ()
                else:
                    sent = self._sock.send(data)
            except BlockingIOError:
                break
            except OSError:
                _close_all(descriptors)
                return data[:0], ()
            data = data[sent:]
        return data, descriptors


def _close_all(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
