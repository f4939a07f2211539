"""Requests that begin in time, of reasonable size, for one host: who trickles headers is let go.

uvicorn bounds how long an idle connection is kept after an answer, but neither how long one may say
nothing at all, nor how long the head of a request may take, nor how large it may become. Each holds
a file descriptor, or memory, for ever.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from slipstream.api.clear_hosts import UnclearHostError, host_fault
from slipstream.api.joined_writes import JoinedWrites

_LARGEST_HEAD_BYTES: Final = 64 * 1024
_TOO_LATE = (b"408 Request Timeout", b"The request's headers did not come in time.\n")
_TOO_LARGE = (
    b"431 Request Header Fields Too Large",
    b"The request's headers are larger than 64 KiB.\n",
)


def timely_heads(seconds: float) -> type[asyncio.Protocol]:
    """The protocol of connections whose requests are given that long to begin."""
    return type("TimelyHeads", (_TimelyHeads,), {"seconds": seconds})


class _TimelyHeads(HttpToolsProtocol):
    """Closes a connection whose next request has not come, to the end of its headers, in time.

    The time runs from the connection's beginning, and later from a request's first byte; further
    bytes do not prolong it. Who has sent a part is answered with 408.
    """

    seconds: ClassVar[float]
    _joined: JoinedWrites
    _waiting: asyncio.TimerHandle | None = None
    _is_in_head = False
    _head_bytes = 0
    _unanswered = 0
    _fault: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base
        """The time runs."""
        self._joined = JoinedWrites(transport, self.loop)
        super().connection_made(self._joined)  # type: ignore[arg-type]  # a transport, by its duck
        self._watch()

    def on_message_begin(self) -> None:
        """A request's first byte is there."""
        self._is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its headers are. Raises `UnclearHostError`, which the parser answers with 400."""
        self._is_in_head = False
        self._fault = host_fault(self.headers, self.parser.get_http_version())
        if self._fault is not None:
            raise UnclearHostError(self._fault)
        super().on_headers_complete()
        self._unanswered += 1

    def on_response_complete(self) -> None:
        """An answer is out; the next request may be there already."""
        self._joined.flush()
        self._unanswered -= 1
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong with the request."""
        super().send_400_response(self._fault or msg)

    def data_received(self, data: bytes) -> None:
        """The time ends with the headers' last byte."""
        super().data_received(data)
        self._head_bytes = self._head_bytes + len(data) if self._is_in_head else 0
        if self._head_bytes > _LARGEST_HEAD_BYTES:
            self._refuse(*_TOO_LARGE)
        elif self._is_awaited():
            self._watch()
        else:
            self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits any more."""
        self._rest()
        super().connection_lost(exc)

    def _is_awaited(self) -> bool:
        return not self._unanswered and not self.transport.is_closing()

    def _watch(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.seconds, self._let_go)

    def _rest(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _let_go(self) -> None:
        self._waiting = None
        if not self._is_awaited():
            return
        if self._is_in_head:
            self._refuse(*_TOO_LATE)
        else:
            self.transport.close()

    def _refuse(self, status: bytes, text: bytes) -> None:
        """Say so, unless an earlier answer is on its way, and hang up."""
        if self._is_awaited():
            length = str(len(text)).encode()
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\nContent-Type: text/plain; charset=utf-8\r\n"
                b"Content-Length: " + length + b"\r\nConnection: close\r\n\r\n" + text
            )
        self.transport.close()
