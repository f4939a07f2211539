"""Requests that begin in time: a client that trickles its headers is let go.

uvicorn bounds how long an idle connection is kept after an answer, but neither how long one may say
nothing at all, nor how long the head of a request may take. Each holds a file descriptor for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_TEXT = b"The request's headers did not come in time.\n"


def timely_heads(seconds: float) -> type[asyncio.Protocol]:
    """The protocol of connections whose requests are given that long to begin."""
    return type("TimelyHeads", (_TimelyHeads,), {"seconds": seconds})


class _TimelyHeads(H11Protocol):
    """Closes a connection whose next request has not come, to the end of its headers, in time.

    The time runs from the connection's beginning, and later from a request's first byte; further
    bytes do not prolong it. Who has sent a part is answered with 408.
    """

    seconds: ClassVar[float]
    _waiting: asyncio.TimerHandle | None = None
    _has_part = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base
        """The time runs."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """It ends with the headers' last byte."""
        super().data_received(data)
        self._has_part = self._is_awaited()
        if self._has_part:
            self._watch()
        else:
            self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits any more."""
        self._rest()
        super().connection_lost(exc)

    def _is_awaited(self) -> bool:
        return self.conn.their_state is h11.IDLE and not self.transport.is_closing()

    def _watch(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.seconds, self._let_go)

    def _rest(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _let_go(self) -> None:
        self._waiting = None
        if self.transport.is_closing() or not self._is_awaited():
            return
        if self._has_part:
            headers = [
                ("content-type", "text/plain; charset=utf-8"),
                ("content-length", str(len(_TEXT))),
                ("connection", "close"),
            ]
            events: tuple[Any, ...] = (
                h11.Response(status_code=408, headers=headers, reason=b"Request Timeout"),
                h11.Data(data=_TEXT),
                h11.EndOfMessage(),
            )
            for event in events:
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
