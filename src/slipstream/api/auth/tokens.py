"""Access tokens: JSON web tokens signed with a key of the deployment's own."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from slipstream.api.errors import NotAuthenticatedError
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import SettingsStore

_ALGORITHM: Final = "HS256"
_KEY_NAME: Final = "api.jwt"


class Tokens:
    """Issues access tokens and reads them back."""

    def __init__(
        self, store: SettingsStore, settings: ApiSettings, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    @cached_property
    def _secret(self) -> str:
        return self._settings.jwt_secret or self._store.get_secret_key(
            _KEY_NAME, lambda: secrets.token_urlsafe(48)
        )

    def issue(self, user_name: str, lifetime_seconds: int) -> str:
        """A token with which its bearer is that user for that long."""
        import jwt

        now = self._clock()
        claims = {
            "sub": user_name,
            "iat": now,
            "exp": now + timedelta(seconds=lifetime_seconds),
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def read(self, token: str) -> str:
        """The user name in the token. Raises `NotAuthenticatedError`."""
        import jwt

        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                options={"require": ["sub", "exp"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError as error:
            raise NotAuthenticatedError(
                "Invalid JWT token. Get a new one from POST /auth/token."
            ) from error
        self._refuse_expired(claims["exp"])
        return str(claims["sub"])

    def _refuse_expired(self, expires: object) -> None:
        """By the clock that issued it, so that tests and simulations can move it."""
        latest = self._clock().timestamp() - self._settings.jwt_leeway_seconds
        if not isinstance(expires, int | float) or expires <= latest:
            raise NotAuthenticatedError("Token expired. Get a new one from POST /auth/token.")
