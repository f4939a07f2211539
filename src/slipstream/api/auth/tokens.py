"""Access tokens: JSON web tokens signed with a key of the deployment's own.

A key can be replaced while people work: for as long as the tokens last that the earlier one has
signed, both count.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from slipstream.api.errors import NotAuthenticatedError
from slipstream.api.settings import ApiSettings
from slipstream.model.errors import ConflictError
from slipstream.model.ids import new_uuid7
from slipstream.model.json import JsonValue
from slipstream.store.interface import Store

_ALGORITHM: Final = "HS256"
_SEALED: Final = "sealed"
_REMEMBERED: Final = 1024
"""Tokens whose signature is not checked again."""
_KEY_NAME: Final = "api.jwt"
_PREVIOUS_KEY_NAME: Final = "api.jwt.previous"


@dataclass(frozen=True, slots=True)
class SignedToken:
    """What a token says."""

    user_name: str
    token_id: str
    issued_at: float
    """Seconds since 1970."""
    expires_at: float


@dataclass(frozen=True, slots=True)
class _Key:
    secret: str
    until: float | None = None
    """When it ends to count, in seconds since 1970."""

    @property
    def key_id(self) -> str:
        """Tells it from others, and tells nothing of the secret."""
        return hashlib.sha256(b"kid:" + self.secret.encode()).hexdigest()[:16]


class Tokens:
    """Issues access tokens and reads them back."""

    def __init__(self, store: Store, settings: ApiSettings, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    def issue(self, user_name: str, lifetime_seconds: int) -> str:
        """A token with which its bearer is that user for that long."""
        import jwt

        now = self._clock()
        claims = {
            "sub": user_name,
            "jti": new_uuid7(),
            # To the microsecond: what was issued before a revocation is told from what came after.
            "iat": now.timestamp(),
            "exp": now + timedelta(seconds=lifetime_seconds),
        }
        key = next(self._keys())
        return jwt.encode(claims, key.secret, algorithm=_ALGORITHM, headers={"kid": key.key_id})

    def read(self, token: str) -> SignedToken:
        """What the token says. Raises `NotAuthenticatedError`."""
        import jwt

        try:
            claims = _claims_in(token, self._secret_of(_key_id_in(token)))
        except jwt.InvalidTokenError as error:
            raise NotAuthenticatedError(
                "Invalid JWT token. Get a new one from POST /auth/token."
            ) from error
        issued, expires = claims["iat"], claims["exp"]
        self._refuse_expired(expires)
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise NotAuthenticatedError("Invalid JWT token: it does not say when it was issued.")
        return SignedToken(str(claims["sub"]), str(claims["jti"]), issued, expires)

    def revoke(self, token: SignedToken) -> None:
        """Let it count no more."""
        expires = datetime.fromtimestamp(token.expires_at, tz=self._clock().tzinfo)
        self._store.revoke_token(token.token_id, expires)

    def rotate(self, *, at_once: bool = False) -> None:
        """Sign with a new key from now on; the one before still counts until all that it has
        signed has expired, or, `at_once`, no more.

        Raises `ConflictError` where the key is one of the settings.
        """
        if self._settings.jwt_secret:
            raise ConflictError(
                "The key is [api_auth] jwt_secret: put a new one there, and the one before into "
                "[slipstream] previous_jwt_secret until its tokens have expired."
            )
        longest = max(self._settings.jwt_expiry_seconds, self._settings.jwt_cli_expiry_seconds)
        until = self._clock().timestamp() + longest + self._settings.jwt_leeway_seconds
        current = next(self._keys()).secret
        self._store.set_secret(_PREVIOUS_KEY_NAME, None if at_once else f"{until}:{current}")
        self._store.set_secret(_KEY_NAME, _new_secret())

    def seal(self, content: Mapping[str, JsonValue], lifetime_seconds: int) -> str:
        """The content, signed, to be read by `unseal` for that long. It is no access token."""
        import jwt

        until = self._clock() + timedelta(seconds=lifetime_seconds)
        key = next(self._keys())
        claims = {"sealed": dict(content), "exp": until, "aud": _SEALED}
        return jwt.encode(claims, key.secret, algorithm=_ALGORITHM, headers={"kid": key.key_id})

    def unseal(self, sealed: str) -> dict[str, JsonValue]:
        """What was sealed. Raises `NotAuthenticatedError`."""
        import jwt

        try:
            claims = jwt.decode(
                sealed,
                self._secret_of(jwt.get_unverified_header(sealed).get("kid")),
                algorithms=[_ALGORITHM],
                audience=_SEALED,
                options={"require": ["exp", "sealed"], "verify_exp": False},
            )
        except jwt.InvalidTokenError as error:
            raise NotAuthenticatedError("The sign-in is not known here: begin it anew.") from error
        self._refuse_expired(claims["exp"])
        return dict(claims["sealed"])

    def _keys(self) -> Iterator[_Key]:
        """The one to sign with, and the one before while it counts."""
        if self._settings.jwt_secret:
            yield _Key(self._settings.jwt_secret)
            if self._settings.previous_jwt_secret:
                yield _Key(self._settings.previous_jwt_secret)
            return
        kept = self._store.get_secrets(_KEY_NAME)
        yield _Key(kept.get(_KEY_NAME) or self._store.get_secret_key(_KEY_NAME, _new_secret))
        until, _, secret = kept.get(_PREVIOUS_KEY_NAME, "").partition(":")
        if secret and float(until) > self._clock().timestamp():
            yield _Key(secret, float(until))

    def _secret_of(self, key_id: object) -> str:
        for key in self._keys():
            if key.key_id == key_id:
                return key.secret
        raise NotAuthenticatedError(
            "Invalid JWT token: it was signed with a key that does not count, or no longer. Get a "
            "new one from POST /auth/token."
        )

    def _refuse_expired(self, expires: object) -> None:
        """By the clock that issued it, so that tests and simulations can move it."""
        latest = self._clock().timestamp() - self._settings.jwt_leeway_seconds
        if not isinstance(expires, int | float) or expires <= latest:
            raise NotAuthenticatedError("Token expired. Get a new one from POST /auth/token.")


@lru_cache(maxsize=_REMEMBERED)
def _key_id_in(token: str) -> object:
    """The key that the token says it was signed with; nothing of it is proven yet."""
    import jwt

    return jwt.get_unverified_header(token).get("kid")


@lru_cache(maxsize=_REMEMBERED)
def _claims_in(token: str, secret: str) -> Mapping[str, JsonValue]:
    """What a token says that the secret has signed. Raises `jwt.InvalidTokenError`.

    A program sends one token with every request; that it was signed with this secret is true for
    ever. Whether the secret counts, and whether the token has ended, is asked each time.
    """
    import jwt

    return MappingProxyType(
        jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            options={
                "require": ["sub", "exp", "iat", "jti"],
                "verify_exp": False,
                "verify_iat": False,
            },
        )
    )


def _new_secret() -> str:
    return secrets.token_urlsafe(48)
