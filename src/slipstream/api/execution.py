"""The execution API: what workers elsewhere say about the attempts that they run.

Each attempt has a token of its own, checked by what holds the attempts. Bodies are MessagePack; an
error is a line of text.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import msgspec

from slipstream.api.safe_headers import ALWAYS
from slipstream.executors.provided.held import HeldAttempts
from slipstream.model.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    SlipstreamError,
)
from slipstream.wire import remote

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_log = logging.getLogger(__name__)

PREFIX = "/execution/"
_MOST_BYTES = 1 << 30


class ExecutionGate:
    """Answers what is below `/execution/`, and hands the rest to the application behind it."""

    def __init__(self, app: ASGIApp, held: HeldAttempts, base_path: str = "") -> None:
        self._app = app
        self._held = held
        self._prefix = base_path.rstrip("/") + PREFIX

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        attempt_id, _, verb = scope["path"].removeprefix(self._prefix).partition("/")
        token = _token_in(scope)
        try:
            # Nothing of a body is kept for somebody who may not speak for the attempt.
            self._held.require(attempt_id, token)
            body = await _body(receive)
            # Asking may wait for something to happen.
            answer = await asyncio.to_thread(self._carry_out, attempt_id, verb, token, body)
            status = 200
        except NotFoundError as error:
            answer, status = str(error).encode(), 404
        except ConflictError as error:
            answer, status = str(error).encode(), 409
        except msgspec.MsgspecError as error:
            answer, status = f"The body cannot be read: {error}".encode(), 422
        except SlipstreamError as error:
            answer, status = str(error).encode(), 400
        await _answer(status, answer, send)

    def _carry_out(self, attempt_id: str, verb: str, token: str, body: bytes) -> bytes:
        held = self._held
        match verb:
            case "begin":
                return remote.encode(held.begin(attempt_id, token, remote.decode_begin(body)))
            case "ask":
                return remote.encode(held.ask(attempt_id, token, remote.decode_ask(body)))
            case "beat":
                return remote.encode(held.beat(attempt_id, token))
            case "end":
                held.end(attempt_id, token, remote.decode_end(body))
                return b""
        raise NotFoundError(f"There is no {verb!r} below {self._prefix}.")


def _token_in(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token if scheme.lower() == "bearer" else ""
    return ""


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _MOST_BYTES:
            raise InvalidInputError(
                f"The body is longer than {_MOST_BYTES} bytes; keep a value of that size elsewhere "
                "and push where it is."
            )
        if not message.get("more_body"):
            return bytes(body)


async def _answer(status: int, body: bytes, send: Send) -> None:
    kind = b"application/msgpack" if status == 200 else b"text/plain; charset=utf-8"
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", kind), length, *ALWAYS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
