"""Getting an access token."""

from __future__ import annotations

import time
from collections.abc import Callable

from slipstream.api.auth.access import ANYBODY
from slipstream.api.auth.passwords import password_matches
from slipstream.api.auth.payloads import LoginBody, LoginResponse
from slipstream.api.auth.throttle import Throttle
from slipstream.api.auth.tokens import Tokens
from slipstream.api.call import Call
from slipstream.api.errors import NotAllowedError, NotAuthenticatedError, TooManyAttemptsError
from slipstream.api.operation import PUBLIC, Routes
from slipstream.api.settings import ApiSettings
from slipstream.model.errors import InvalidInputError


def login_routes(
    tokens: Tokens, settings: ApiSettings, monotonic: Callable[[], float] = time.monotonic
) -> Routes:
    """The operations below `/auth`."""
    routes = Routes("Login", prefix="/auth")
    throttle = Throttle(settings.login_attempts_per_minute)

    def checked(call: Call, body: LoginBody) -> str:
        """The user's name, once the password was right."""
        if not body.username or not body.password:
            raise InvalidInputError("Username and password must be provided")
        subject = f"{body.username}@{call.address}"
        wait = throttle.seconds_until_allowed(subject, monotonic())
        if wait:
            raise TooManyAttemptsError(
                f"Too many failed logins; try again in {wait} seconds.", wait
            )
        stored = call.store.get_user_hash(body.username)
        if not password_matches(stored[0] if stored else None, body.password):
            throttle.record_failure(subject, monotonic())
            raise NotAuthenticatedError("Invalid credentials")
        throttle.forget(subject)
        return body.username

    @routes.add("POST", "/token", permission=PUBLIC, answer=LoginResponse, status=201)
    def create_token(call: Call, body: LoginBody) -> LoginResponse:
        """A token for a user name and password."""
        name = checked(call, body)
        return LoginResponse(access_token=tokens.issue(name, settings.jwt_expiry_seconds))

    @routes.add("POST", "/token/cli", permission=PUBLIC, answer=LoginResponse, status=201)
    def create_token_cli(call: Call, body: LoginBody) -> LoginResponse:
        """The same for a command line, with a shorter life."""
        name = checked(call, body)
        return LoginResponse(access_token=tokens.issue(name, settings.jwt_cli_expiry_seconds))

    @routes.add("GET", "/token", permission=PUBLIC, answer=LoginResponse, status=201)
    def create_token_all_admins(_: Call) -> LoginResponse:
        """A token for the asking, where everybody is an administrator."""
        if not settings.simple_auth_manager_all_admins:
            raise NotAllowedError(
                "Tokens without a password are given only where [core] "
                "simple_auth_manager_all_admins is true. Use POST /auth/token."
            )
        token = tokens.issue(ANYBODY.name, settings.jwt_expiry_seconds)
        return LoginResponse(access_token=token)

    return routes
