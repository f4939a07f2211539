"""Where people log in and out: for clients that ask the REST API where that is."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Cookie, Header
from starlette.responses import RedirectResponse

from slipstream.api.auth.cookie import SESSION_COOKIE, drop_session
from slipstream.api.auth.login import bearer_in, sign_out
from slipstream.api.auth.tokens import Tokens
from slipstream.api.call import Call
from slipstream.api.operation import PUBLIC, Routes
from slipstream.api.settings import ApiSettings
from slipstream.model.errors import InvalidInputError


def door_routes(tokens: Tokens, settings: ApiSettings) -> Routes:
    """The operations of `/api/v2/auth`."""
    routes = Routes("Login")
    front_page = f"{settings.base_path}/"

    @routes.add("GET", "/auth/login", permission=PUBLIC, status=307, refusals=(400,))
    def login(_: Call, next: str | None = None) -> RedirectResponse:
        """To the page at the path `next`. Every page has people log in before it shows itself."""
        if next is None:
            return RedirectResponse(front_page, 307)
        if not is_here(next):
            raise InvalidInputError(
                "next leads elsewhere: it must be a path of this server, such as /dags."
            )
        return RedirectResponse(next, 307)

    @routes.add("GET", "/auth/logout", permission=PUBLIC, status=307)
    def logout(
        call: Call,
        authorization: Annotated[str, Header()] = "",
        session: Annotated[str | None, Cookie(alias=SESSION_COOKIE)] = None,
    ) -> RedirectResponse:
        """End the browser's session: its token counts no more, wherever it may be. So does one that
        is sent as a header.

        A page of another site can have a browser come here. What it gains is that somebody must
        sign in again.
        """
        for token in {bearer_in(authorization), session} - {None, ""}:
            assert token is not None
            sign_out(call, tokens, token, call.door)
        response = RedirectResponse(front_page, 307)
        drop_session(response, settings)
        return response

    return routes


def is_here(place: str) -> bool:
    """Whether a browser stays on this server by it. Browsers take a backslash for a slash, and
    pass over control characters."""
    try:
        parts = urlsplit(place)
    except ValueError:
        return False
    return (
        not parts.scheme
        and not parts.netloc
        and place.startswith("/")
        and not place.startswith("//")
        and "\\" not in place
        and place.isprintable()
    )
