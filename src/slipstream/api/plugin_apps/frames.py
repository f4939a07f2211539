"""ASGI events between the server and the process of plugins: a stream of frames for each request.

A frame is a length and a MessagePack list `[channel, event]`.

Towards the plugins: `scope` (once, the request), `client` (what the client sends), `core` (what the
server's own application answers) and `end` of that. Back from them: `client` (the answer), `scope`
and `core` (a request that a middleware passes on to the server's own application, its body), and
`end`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

Event: TypeAlias = "dict[str, Any]"
"""An ASGI event or scope: of plain values."""

_HEADER = struct.Struct("<I")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, dict[str, Any]]).decode

_SCOPE = (
    "type",
    "asgi",
    "http_version",
    "method",
    "scheme",
    "path",
    "raw_path",
    "query_string",
    "root_path",
    "headers",
    "client",
    "server",
    "subprotocols",
)
"""What crosses of a scope: the rest means something to one process only."""

DISCONNECTS = frozenset({"http.disconnect", "websocket.disconnect"})


class Channel(StrEnum):
    """What a frame belongs to."""

    SCOPE = "scope"
    CLIENT = "client"
    CORE = "core"
    END = "end"


class Stream:
    """One request's frames. Reading ends with `EOFError`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, sock: socket.socket) -> Stream:
        """A stream over a connected socket, which it owns from then on."""
        return cls(*await asyncio.open_connection(sock=sock))

    async def send(self, channel: Channel, event: Mapping[str, Any]) -> None:
        """Send one; waits while the other side is slow. One that is gone is not an error here."""
        data = _encode([channel, event])
        try:
            self._writer.write(_HEADER.pack(len(data)) + data)
            await self._writer.drain()
        except ConnectionError:
            return

    async def receive(self) -> tuple[Channel, Event]:
        """The next one. Raises `EOFError` at the end."""
        try:
            (length,) = _HEADER.unpack(await self._reader.readexactly(_HEADER.size))
            channel, event = _decode(await self._reader.readexactly(length))
        except ConnectionError as error:
            raise EOFError("the other side is gone") from error
        return Channel(channel), event

    def close(self) -> None:
        """Let go of the socket."""
        self._writer.close()


def crossing(scope: Mapping[str, Any]) -> Event:
    """What of a scope the other process is told."""
    return {key: scope[key] for key in _SCOPE if key in scope}


def arrived(scope: Event) -> Event:
    """A scope as applications expect it, with tuples where they are promised."""
    for key in ("client", "server"):
        if scope.get(key) is not None:
            scope[key] = tuple(scope[key])
    scope["headers"] = [(name, value) for name, value in scope.get("headers", ())]
    return scope
