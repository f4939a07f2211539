"""Headers that every answer carries, whoever makes it.

Pages say more about themselves (`ui.pages`, `document_pages`); what an answer says itself stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

ALWAYS: Final[Headers] = (
    # What is no page runs nothing, is framed by nobody and is not guessed to be something else.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    # Answers are for who asked; nothing on the way keeps them.
    (b"cache-control", b"no-store"),
)
_OVER_TLS: Final = (b"strict-transport-security", b"max-age=31536000")


def headers_of(*, is_https: bool) -> Headers:
    """Those of every answer of such a server."""
    return (*ALWAYS, _OVER_TLS) if is_https else ALWAYS


class SafeHeaders:
    """Adds them to the answers of the application behind it."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        """`is_https`: browsers are to come by https alone from now on."""
        self._app = app
        self._headers = headers_of(is_https=is_https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {bytes(name).lower() for name, _ in given}
                given += [header for header in self._headers if header[0] not in names]
                message = {**message, "headers": given}
            await send(message)

        await self._app(scope, receive, send_safely)
