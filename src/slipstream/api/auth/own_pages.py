"""Where everybody is an administrator without a token, whatever runs in a browser is one, too.

A page of another site can have the browser send requests here; a site whose name suddenly leads
here (DNS rebinding) can read the answers as well. Neither is let in. Programs that send a token,
and deployments where people sign in, have no need of this.
"""

from __future__ import annotations

import socket
from asyncio import to_thread
from collections.abc import Collection
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MALFORMED: Final = "malformed.invalid"
"""Nobody's name (RFC 2606)."""
_OWN_SITES: Final = frozenset({"same-origin", "none"})
"""What browsers say of requests of the server's own pages, and of a person's own doing (W3C, Fetch
Metadata Request Headers)."""


class OwnPages:
    """Refuses what other sites' pages cause, in front of an application that trusts everybody."""

    def __init__(self, app: ASGIApp, *, origin: str, other_origins: Collection[str]) -> None:
        """`origin` is where people reach the server, where that is known; pages of
        `other_origins` are let in on purpose (`*`: those of all)."""
        self._app = app
        self._name = urlsplit(origin).hostname
        self._others = frozenset(one.rstrip("/") for one in other_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            refusal = None if "authorization" in headers else await self._refusal(scope, headers)
            if refusal is not None:
                await JSONResponse({"detail": refusal}, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _refusal(self, scope: Scope, headers: Headers) -> str | None:
        name = (_host_in(f"//{headers.get('host', '')}") or "").rstrip(".")
        # To ask for the machine's whole name may take as long as a name server does.
        if not self._is_called(name) and name not in await to_thread(_names_of_the_machine):
            return (
                f"Forbidden: the request is for the host {name[:100]!r}, and everybody is an "
                "administrator here ([core] simple_auth_manager_all_admins). If that is this "
                "server, say so with [api] base_url."
            )
        if scope["method"] in _HARMLESS or self._is_of_own_page(headers, name):
            return None
        return (
            "Forbidden: a page of another site caused this request. Programs send a token from "
            "GET /auth/token; pages are let in by [api] access_control_allow_origins."
        )

    def _is_called(self, name: str) -> bool:
        """Whether it is by its form a name that no stranger can have lead here."""
        if "." not in name or name.endswith(".localhost") or name == self._name:
            return True
        return _is_address(name)

    def _is_of_own_page(self, headers: Headers, name: str) -> bool:
        origin = headers.get("origin")
        if origin is not None and (origin in self._others or "*" in self._others):
            return True
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in _OWN_SITES
        return origin is None or _host_in(origin) in {name, self._name} - {None}


def _host_in(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return _MALFORMED


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


@cache
def _names_of_the_machine() -> frozenset[str]:
    return frozenset({socket.gethostname().lower(), socket.getfqdn().lower()})
