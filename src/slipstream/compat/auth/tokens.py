"""Signed tokens: making and checking them, with PyJWT."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import jwt

_ALGORITHM = "HS512"
_LEEWAY_SECONDS = 10


class JWTGenerator:
    """Makes tokens, signed with a secret or a private key."""

    def __init__(
        self,
        *,
        valid_for: float,
        audience: str,
        private_key: Any = None,
        secret_key: str | None = None,
        kid: str = "not-used",
        issuer: str | list[str] | None = None,
        algorithm: str | None = None,
    ) -> None:
        """`valid_for` is in seconds; give either a secret or a private key (PEM)."""
        if (private_key is None) == (secret_key is None):
            raise ValueError("Give either private_key or secret_key; exactly one of them signs.")
        self.valid_for = valid_for
        self.audience = audience
        self.kid = kid
        self.issuer = issuer
        self.algorithm = algorithm or (_ALGORITHM if secret_key is not None else "EdDSA")
        self._key = secret_key if secret_key is not None else private_key

    @property
    def signing_arg(self) -> Any:
        """What signs."""
        return self._key

    def generate(
        self,
        extras: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        valid_for: float | None = None,
    ) -> str:
        """A token with these claims; `sub` says whose it is."""
        now = int(time.time())
        claims = {
            "jti": uuid.uuid4().hex,
            "aud": self.audience,
            "nbf": now,
            "iat": now,
            "exp": int(now + (self.valid_for if valid_for is None else valid_for)),
            **({"iss": _first(self.issuer)} if self.issuer else {}),
            **(extras or {}),
        }
        marks = {"alg": self.algorithm, **(headers or {})}
        if self.algorithm[:2] != "HS":
            marks["kid"] = self.kid
        return jwt.encode(claims, self._key, algorithm=self.algorithm, headers=marks)


class JWTValidator:
    """Checks tokens, with a secret or with published keys."""

    def __init__(
        self,
        *,
        audience: str | Sequence[str],
        jwks: JWKS | None = None,
        secret_key: str | None = None,
        issuer: Any = None,
        required_claims: frozenset[str] = frozenset({"exp", "nbf", "iat"}),
        algorithm: str | list[str] | None = None,
        leeway: float = _LEEWAY_SECONDS,
    ) -> None:
        """`leeway` is in seconds; give either a secret or `jwks`."""
        if (jwks is None) == (secret_key is None):
            raise ValueError("Give either jwks or secret_key; exactly one of them checks.")
        self.jwks = jwks
        self.secret_key = secret_key
        self.audience = audience
        self.issuer = issuer
        self.required_claims = required_claims
        self.leeway = leeway
        self.algorithm = [algorithm] if isinstance(algorithm, str) else algorithm or [_ALGORITHM]

    def validated_claims(
        self, unvalidated: str, required_claims: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The claims of a token. Raises PyJWT's `InvalidTokenError`."""
        key: Any = self.secret_key
        if self.jwks is not None:
            key = self.jwks.key(jwt.get_unverified_header(unvalidated).get("kid", ""))
        return self._checked(unvalidated, key, required_claims)

    async def avalidated_claims(
        self, unvalidated: str, required_claims: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The same; published keys are fetched where they are not there or too old."""
        if self.jwks is not None:
            await self.jwks.fetch_jwks()
        return self.validated_claims(unvalidated, required_claims)

    def _checked(
        self, unvalidated: str, key: Any, required: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            unvalidated,
            key,
            audience=self.audience,
            issuer=self.issuer or None,
            algorithms=self.algorithm,
            leeway=self.leeway,
            options={"require": list(self.required_claims)},
        )
        for name, wanted in (required or {}).items():
            given = claims.get(name)
            if wanted.get("essential") and given is None:
                raise jwt.MissingRequiredClaimError(name)
            if "value" in wanted and given != wanted["value"]:
                raise jwt.InvalidTokenError(f"The claim {name} is not what is expected.")
        return claims


class JWKS:
    """Published keys, from an address or a file, kept for an hour."""

    def __init__(
        self, url: str, refresh_interval_secs: int = 3600, jwks: jwt.PyJWKSet | None = None
    ) -> None:
        self.url = url
        self.refresh_interval_secs = refresh_interval_secs
        self.fetched_at = time.monotonic() if jwks else 0.0
        self._keys = jwks

    async def fetch_jwks(self) -> None:
        """Read the keys where they are not there or too old."""
        if self._keys is not None and time.monotonic() - self.fetched_at < (
            self.refresh_interval_secs
        ):
            return
        import asyncio

        self._keys = await asyncio.to_thread(self._read)
        self.fetched_at = time.monotonic()

    async def get_key(self, kid: str) -> jwt.PyJWK:
        """The key of that id. Raises KeyError."""
        await self.fetch_jwks()
        return self.key(kid)

    def key(self, kid: str) -> jwt.PyJWK:
        """The same from what was fetched."""
        if self._keys is None:
            self._keys = self._read()
        return self._keys[kid]

    def _read(self) -> jwt.PyJWKSet:
        import json
        from pathlib import Path
        from urllib.parse import urlsplit
        from urllib.request import urlopen

        if urlsplit(self.url).scheme in ("http", "https"):
            with urlopen(self.url, timeout=30) as answer:  # noqa: S310 - the scheme is checked
                return jwt.PyJWKSet.from_dict(json.load(answer))
        return jwt.PyJWKSet.from_dict(json.loads(Path(self.url).read_text(encoding="utf-8")))


def signer(valid_for_seconds: float) -> JWTGenerator:
    """What signs tokens of this deployment."""
    return JWTGenerator(
        secret_key=_secret(), valid_for=valid_for_seconds, audience=_audience(), issuer=None
    )


def validator() -> JWTValidator:
    """What checks tokens of this deployment."""
    return JWTValidator(secret_key=_secret(), audience=_audience())


def _secret() -> str:
    from slipstream.sdk import conf

    return conf.get_mandatory_value("api_auth", "jwt_secret")


def _audience() -> str:
    from slipstream.sdk import conf

    return str(conf.get("api_auth", "jwt_audience", fallback=None) or "apache-airflow")


def _first(names: str | list[str]) -> str:
    return names if isinstance(names, str) else names[0]
