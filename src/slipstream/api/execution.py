"""The execution API: what workers elsewhere say about the attempts that they run.

Each attempt has tokens of its own, checked by what holds the attempts: one to begin it with, and
one for everything else. Bodies are MessagePack; an error is a line of text.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from slipstream.api.safe_headers import ALWAYS
from slipstream.executors.provided.held import HeldAttempts
from slipstream.executors.provided.tokens import (
    AttemptEndedError,
    UnknownTokenError,
    WrongTokenError,
)
from slipstream.model.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    SlipstreamError,
)
from slipstream.wire import messages, remote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/execution/"
_SMALL: Final = 1 << 16
_MOST_BYTES: Final[Mapping[str, int]] = {
    # A task's values, and the end that carries them, are as long as they are.
    "ask": 1 << 30,
    "end": 1 << 30,
    # The token in a queue opens no door to more than this.
    "begin": _SMALL,
    "beat": _SMALL,
    "leave": _SMALL,
}
"""`{verb: longest body}`."""
_STATUS: Final[Mapping[type[Exception], int]] = {
    UnknownTokenError: 401,
    WrongTokenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    AttemptEndedError: 410,
    msgspec.MsgspecError: 422,
    SlipstreamError: 400,
}
"""The first that fits counts."""


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
        if scope["method"] != "POST":
            said = f"Workers post to what is below {self._prefix}; this was {scope['method']}."
            await _answer(405, said.encode(), send, (b"allow", b"POST"))
            return
        try:
            answer = await self._answer_to(attempt_id, verb, _token_in(scope), receive)
        except (SlipstreamError, msgspec.MsgspecError) as error:
            status = next(code for kind, code in _STATUS.items() if isinstance(error, kind))
            extra = ((b"www-authenticate", b"Bearer"),) if status == 401 else ()
            await _answer(status, _text(error).encode(), send, *extra)
        else:
            await _answer(200, answer, send)

    async def _answer_to(self, attempt_id: str, verb: str, token: str, receive: Receive) -> bytes:
        held = self._held
        if verb not in _MOST_BYTES:
            raise NotFoundError(f"There is no {verb!r} below {self._prefix}.")
        # Nothing of a body is kept for somebody who may not speak for the attempt.
        held.require(attempt_id, token, to_begin=verb == "begin")
        body = await _body(receive, _MOST_BYTES[verb])
        if verb == "beat":
            # In no thread: a worker is heard however many of them are busy.
            return remote.encode(held.beat(attempt_id, token))
        found = await asyncio.to_thread(self._carry_out, attempt_id, verb, token, body)
        return remote.encode(await _awaited(found)) if isinstance(found, Future) else found

    def _carry_out(
        self, attempt_id: str, verb: str, token: str, body: bytes
    ) -> bytes | Future[messages.Reply]:
        held = self._held
        match verb:
            case "begin":
                return remote.encode(held.begin(attempt_id, token, remote.decode_begin(body)))
            case "ask":
                found = held.ask(attempt_id, token, remote.decode_ask(body))
                return found if isinstance(found, Future) else remote.encode(found)
            case "end":
                held.end(attempt_id, token, remote.decode_end(body))
            case _:
                held.leave(attempt_id, token)
        return b""


async def _awaited(found: Future[messages.Reply]) -> messages.Reply:
    """The reply, once it is there. No thread waits meanwhile."""
    loop = asyncio.get_running_loop()
    is_there = asyncio.Event()

    def tell(_: Future[messages.Reply]) -> None:
        with suppress(RuntimeError):  # The loop was closed: nobody waits any more.
            loop.call_soon_threadsafe(is_there.set)

    found.add_done_callback(tell)
    await is_there.wait()
    return found.result()


def _text(error: Exception) -> str:
    if isinstance(error, msgspec.MsgspecError):
        return f"The body cannot be read: {error}"
    return str(error.args[0]) if error.args else type(error).__name__


def _token_in(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token if scheme.lower() == "bearer" else ""
    return ""


async def _body(receive: Receive, most_bytes: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most_bytes:
            raise InvalidInputError(
                f"The body is longer than {most_bytes} bytes; keep a value of that size elsewhere "
                "and push where it is."
            )
        if not message.get("more_body"):
            return bytes(body)


async def _answer(status: int, body: bytes, send: Send, *extra: tuple[bytes, bytes]) -> None:
    kind = b"application/msgpack" if status == 200 else b"text/plain; charset=utf-8"
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", kind), length, *extra, *ALWAYS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
