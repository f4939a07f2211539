"""Who uses the web app, what they may do, and how things are called: the first thing it asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Cookie, Header
from starlette.responses import Response

from slipstream import __version__
from slipstream.api.auth.cookie import SESSION_COOKIE, csrf_token, drop_session, put_session
from slipstream.api.auth.gate import Gate
from slipstream.api.auth.login import sign_out
from slipstream.api.auth.login_check import REFUSED_LOGINS, LoginCheck
from slipstream.api.auth.payloads import LoginBody
from slipstream.api.auth.tokens import Tokens
from slipstream.api.auth.user import User
from slipstream.api.call import Call
from slipstream.api.errors import NotAllowedError, NotAuthenticatedError
from slipstream.api.operation import PUBLIC, Routes
from slipstream.api.payloads.base import Payload
from slipstream.api.routing import rendered
from slipstream.api.settings import ApiSettings
from slipstream.api.ui.words import WordsResponse, all_words
from slipstream.store.event_records import Door
from slipstream.store.interface import AccessStore


class SessionUser(Payload, frozen=True, kw_only=True):
    """Who is logged in."""

    name: str
    role: str
    """Their roles, for people to read."""
    roles: Sequence[str]
    may: Sequence[str]
    """`action:resource` of all that they may do, be it in some DAGs alone."""


class SessionResponse(Payload, frozen=True, kw_only=True):
    """What the web app must know before it can show anything."""

    version: str
    words: WordsResponse
    user: SessionUser | None
    """None where somebody must log in first."""
    csrf_token: str | None
    """To be sent as `X-CSRF-Token` with whatever changes something."""
    can_log_out: bool
    """False where everybody is an administrator without logging in."""
    has_oidc: bool
    """Whether people can sign in by an OpenID Connect provider, at `/auth/oidc/login`."""
    live_position: str
    """Where the live stream stands: what is asked for from now on knows all that came before."""


def session_routes(tokens: Tokens, settings: ApiSettings, gate: Gate, check: LoginCheck) -> Routes:
    """The operations of `/ui/session`."""
    routes = Routes("UI", prefix="/ui")

    def described(call: Call, user: User | None, session: str | None) -> SessionResponse:
        is_known = user is not None and session is not None
        return SessionResponse(
            version=__version__,
            words=all_words(),
            user=None if user is None else _session_user(user, call.store),
            csrf_token=csrf_token(session) if is_known and session else None,
            can_log_out=is_known,
            has_oidc=settings.oidc is not None,
            live_position=call.deployment.live.position,
        )

    @routes.add("GET", "/session", permission=PUBLIC, answer=SessionResponse)
    def get_session(
        call: Call, session: Annotated[str | None, Cookie(alias=SESSION_COOKIE)] = None
    ) -> SessionResponse:
        """Who it is that asks."""
        try:
            return described(call, gate.user_of(session), session)
        except NotAuthenticatedError:
            return described(call, None, None)

    @routes.add(
        "POST",
        "/session",
        permission=PUBLIC,
        answer=SessionResponse,
        refusals=(403, *REFUSED_LOGINS),
    )
    def log_in(
        call: Call,
        body: LoginBody,
        sec_fetch_site: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> Response:
        """Begin a session with a user name and password, and a code where the user has one."""
        if sec_fetch_site == "cross-site":
            raise NotAllowedError(
                "Forbidden: a page of another site wants this browser to sign in here as somebody "
                "whom it chose."
            )
        name = check.user_name(call, body, door=Door.WEB_APP)
        session = tokens.issue(name, settings.jwt_expiry_seconds)
        response = rendered(described(call, gate.user_of(session), session))
        put_session(response, session, settings)
        return response

    @routes.add("DELETE", "/session", permission=PUBLIC, status=204)
    def log_out(
        call: Call, session: Annotated[str | None, Cookie(alias=SESSION_COOKIE)] = None
    ) -> Response:
        """End it, wherever its token may be."""
        if session is not None:
            sign_out(call, tokens, session, Door.WEB_APP)
        response = Response(status_code=204)
        drop_session(response, settings)
        return response

    return routes


def _session_user(user: User, store: AccessStore) -> SessionUser:
    return SessionUser(
        name=user.name,
        role=", ".join(user.roles),
        roles=user.roles,
        may=sorted(f"{one.action}:{one.resource}" for one in user.permissions(store)),
    )
