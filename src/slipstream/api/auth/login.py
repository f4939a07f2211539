"""Getting an access token, and giving it back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from slipstream.api.auth.login_check import REFUSED_LOGINS, LoginCheck
from slipstream.api.auth.payloads import LoginBody, LoginResponse
from slipstream.api.auth.tokens import Tokens
from slipstream.api.auth.user import ANYBODY
from slipstream.api.call import Call
from slipstream.api.errors import NotAllowedError, NotAuthenticatedError
from slipstream.api.operation import PUBLIC, SIGNED_IN, Routes
from slipstream.api.settings import ApiSettings
from slipstream.store.event_records import Door, NewEvent


def login_routes(tokens: Tokens, settings: ApiSettings, check: LoginCheck) -> Routes:
    """The operations below `/auth` that give and take tokens."""
    routes = Routes("Login", prefix="/auth")

    @routes.add(
        "POST",
        "/token",
        permission=PUBLIC,
        answer=LoginResponse,
        status=201,
        refusals=REFUSED_LOGINS,
    )
    def create_token(call: Call, body: LoginBody) -> LoginResponse:
        """A token for a user name and password, and a code where the user has one."""
        name = check.user_name(call, body)
        return LoginResponse(access_token=tokens.issue(name, settings.jwt_expiry_seconds))

    @routes.add(
        "POST",
        "/token/cli",
        permission=PUBLIC,
        answer=LoginResponse,
        status=201,
        refusals=REFUSED_LOGINS,
    )
    def create_token_cli(call: Call, body: LoginBody) -> LoginResponse:
        """The same for a command line, with a shorter life."""
        name = check.user_name(call, body)
        return LoginResponse(access_token=tokens.issue(name, settings.jwt_cli_expiry_seconds))

    @routes.add(
        "POST",
        "/token/refresh",
        permission=SIGNED_IN,
        answer=LoginResponse,
        status=201,
        audited=False,
    )
    def refresh_token(call: Call) -> LoginResponse:
        """A new token in the place of the one that is sent, which counts until it expires."""
        if call.user.token_id is None:
            raise NotAllowedError(
                "Only a signed token that has not expired is renewed; a personal access token "
                "lasts as long as was said when it was made."
            )
        token = tokens.issue(call.user.name, settings.jwt_cli_expiry_seconds)
        return LoginResponse(access_token=token)

    @routes.add(
        "GET", "/token", permission=PUBLIC, answer=LoginResponse, status=201, refusals=(403,)
    )
    def create_token_all_admins(_: Call) -> LoginResponse:
        """A token for the asking, where everybody is an administrator."""
        if not settings.simple_auth_manager_all_admins:
            raise NotAllowedError(
                "Tokens without a password are given only where [core] "
                "simple_auth_manager_all_admins is true. Use POST /auth/token."
            )
        token = tokens.issue(ANYBODY.name, settings.jwt_expiry_seconds)
        return LoginResponse(access_token=token)

    @routes.add("POST", "/logout", permission=PUBLIC, status=204)
    def log_out_token(call: Call, authorization: Annotated[str, Header()] = "") -> None:
        """Let the token that is sent count no more. One that does not count already is ignored."""
        token = bearer_in(authorization)
        if token:
            sign_out(call, tokens, token, call.door)

    return routes


def bearer_in(authorization: str) -> str:
    """The token of an `Authorization` header; empty where there is none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def sign_out(call: Call, tokens: Tokens, token: str, door: Door) -> None:
    """Let a signed token count no more."""
    try:
        found = tokens.read(token)
    except NotAuthenticatedError:
        return
    what = NewEvent(event="logout", owner=found.user_name, door=door, address=call.address)
    call.store.log_event(what)
    tokens.revoke(found)
