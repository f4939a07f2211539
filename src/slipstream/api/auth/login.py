"""Getting an access token."""

from __future__ import annotations

from slipstream.api.auth.access import ANYBODY
from slipstream.api.auth.login_check import LoginCheck
from slipstream.api.auth.payloads import LoginBody, LoginResponse
from slipstream.api.auth.tokens import Tokens
from slipstream.api.call import Call
from slipstream.api.errors import NotAllowedError
from slipstream.api.operation import PUBLIC, Routes
from slipstream.api.settings import ApiSettings


def login_routes(tokens: Tokens, settings: ApiSettings, check: LoginCheck) -> Routes:
    """The operations below `/auth`."""
    routes = Routes("Login", prefix="/auth")

    @routes.add("POST", "/token", permission=PUBLIC, answer=LoginResponse, status=201)
    def create_token(call: Call, body: LoginBody) -> LoginResponse:
        """A token for a user name and password."""
        name = check.user_name(call, body)
        return LoginResponse(access_token=tokens.issue(name, settings.jwt_expiry_seconds))

    @routes.add("POST", "/token/cli", permission=PUBLIC, answer=LoginResponse, status=201)
    def create_token_cli(call: Call, body: LoginBody) -> LoginResponse:
        """The same for a command line, with a shorter life."""
        name = check.user_name(call, body)
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
