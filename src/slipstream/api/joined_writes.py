"""Sends what is written in one go as one packet.

uvicorn writes the head of an answer and its body one after the other. Each would be a system call,
for which the interpreter's lock is given away, and would wake the client; the first one in vain.
"""

from __future__ import annotations

import asyncio
from typing import Final

_MOST_BYTES: Final = 64 * 1024
"""More than this is not held back: the connection itself says when it has had enough."""


class JoinedWrites:
    """A transport whose writes go out at `flush`, or at the latest when the event loop goes on."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send it soon."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > _MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send now what was written."""
        if self._parts:
            parts, self._parts, self._size = self._parts, [], 0
            self._transport.write(parts[0] if len(parts) == 1 else b"".join(parts))

    def close(self) -> None:
        """Close the connection after what was written."""
        self.flush()
        self._transport.close()
