"""The session of a browser: an access token in a cookie that no script can read.

A browser sends the cookie with every request, whichever page caused it. So a request that changes
something must also carry, as a header, what only a page of this server can know: a text derived
from the token (OWASP, Cross-Site Request Forgery Prevention, "HMAC-based token").
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from slipstream.api.errors import NotAllowedError
from slipstream.api.settings import ApiSettings
from slipstream.store.event_records import Door

SESSION_COOKIE: Final = "slipstream_session"
CSRF_HEADER: Final = "X-CSRF-Token"

_HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def csrf_token(session: str) -> str:
    """What a page of that session sends along with its changes."""
    return hmac.new(session.encode(), b"csrf", hashlib.sha256).hexdigest()


def session_of(request: Request) -> str | None:
    """The token in the request's cookie. Raises `NotAllowedError` for a forged change."""
    session = request.cookies.get(SESSION_COOKIE)
    if not session:
        return None
    if request.method not in _HARMLESS:
        given = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(given.encode(), csrf_token(session).encode()):
            raise NotAllowedError(
                f"Forbidden: the header {CSRF_HEADER} does not belong to the session. Reload the "
                "page; programs send a token from POST /auth/token instead of a cookie."
            )
    return session


def door_of(request: Request) -> Door:
    """Whether a person's browser asks, or a program."""
    has_token = "authorization" in request.headers
    is_browser = SESSION_COOKIE in request.cookies and not has_token
    return Door.WEB_APP if is_browser else Door.REST_API


def put_session(response: Response, session: str, settings: ApiSettings) -> None:
    """Have the browser keep the session."""
    response.set_cookie(
        SESSION_COOKIE,
        session,
        max_age=settings.jwt_expiry_seconds,
        path=settings.base_path or "/",
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
    )


def drop_session(response: Response, settings: ApiSettings) -> None:
    """Have the browser forget it."""
    response.delete_cookie(
        SESSION_COOKIE,
        path=settings.base_path or "/",
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
    )
