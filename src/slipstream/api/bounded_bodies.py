"""Request bodies that are not too long and come in time: a client that trickles is let go.

Waiting for a body holds a connection and some memory, and no thread; this bounds for how long, and
how much.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BoundedBodies:
    """Answers with 408 where the body has not come within that time of the request's beginning, and
    with 413 where it is longer than that, or announced to be."""

    def __init__(self, app: ASGIApp, *, seconds: float, most_bytes: int) -> None:
        self._app = app
        self._seconds = seconds
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        end = asyncio.get_running_loop().time() + self._seconds
        is_whole = False
        size = 0

        async def receive_bounded() -> Message:
            nonlocal is_whole, size
            if is_whole:
                # Who streams an answer waits here for its reader to go.
                return await receive()
            if not size:
                self._check(_announced(scope))
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(
                    408, f"The request's body did not come within {self._seconds:g} s."
                ) from None
            size += len(message.get("body", b""))
            self._check(size)
            is_whole = not message.get("more_body", False)
            return message

        await self._app(scope, receive_bounded, send)

    def _check(self, size: int) -> None:
        if size > self._most_bytes:
            raise HTTPException(
                413,
                f"The request's body is longer than {self._most_bytes} bytes: "
                "[slipstream] maximum_body_mb allows no more.",
            )


def _announced(scope: Scope) -> int:
    """The length that the headers tell; 0 where they do not, or not in figures."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
