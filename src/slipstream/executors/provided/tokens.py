"""Tokens of attempts: one that begins an attempt, then short-lived ones that speak for it.

The first lies in queues and in specifications of pods, for as long as it has to, and is good for
beginning alone. Of none of them more than a hash is kept, and the server's clock alone says when
one has expired.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from slipstream.model.errors import SlipstreamError

_MOST_ENDED = 10_000
"""Ended attempts of which it is still known why their tokens are good for nothing."""
_LIVES_PER_SILENCE = 1.5
"""A worker that is heard in time never has an expired token: see `AttemptTokens.renewed`."""


class TokenRefusedError(SlipstreamError):
    """The token is not good for what was asked; the message says why."""


class UnknownTokenError(TokenRefusedError):
    """There is no token, it is none of this server's, or it has expired."""


class WrongTokenError(TokenRefusedError):
    """The token is one of this server's, for something else."""


class AttemptEndedError(TokenRefusedError):
    """The token was good once: its attempt has ended."""


@dataclass(frozen=True, slots=True)
class _Token:
    digest: bytes
    issued_at: float
    expires_at: float | None
    """None for the one that begins the attempt."""


@dataclass(slots=True)
class _Tokens:
    """Those of one attempt, the latest last."""

    issued: list[_Token] = field(default_factory=list)
    ended: str | None = None
    """Why nothing is to be said of it any more."""

    def find(self, digest: bytes) -> _Token | None:
        """Takes as long whichever it is."""
        found = None
        for one in self.issued:
            if hmac.compare_digest(one.digest, digest):
                found = one
        return found


class AttemptTokens:
    """Gives tokens out and checks them. Whoever calls keeps threads apart."""

    def __init__(self, silence_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`silence_seconds`: a worker that is not heard for so long has lost its attempt."""
        self.life_seconds = silence_seconds * _LIVES_PER_SILENCE
        self._clock = clock
        self._attempts: dict[str, _Tokens] = {}
        self._owners: dict[bytes, str] = {}
        """`{hash: attempt}` of everything that was given out."""
        self._ended: dict[str, None] = {}
        """The attempts that have ended, the first one first."""

    def issue_first(self, attempt_id: str) -> str:
        """The token that begins this attempt; it does not expire."""
        self._forget(attempt_id)
        self._attempts[attempt_id] = _Tokens()
        return self._issue(attempt_id, None)

    def issue(self, attempt_id: str) -> str:
        """A token that speaks for this attempt from now on."""
        return self._issue(attempt_id, self._clock() + self.life_seconds)

    def require_first(self, attempt_id: str, token: str) -> None:
        """Raises `TokenRefusedError` unless the token begins this attempt."""
        if self._require(attempt_id, token).expires_at is not None:
            raise WrongTokenError(
                f"This token speaks for attempt {attempt_id}, which has begun; it begins nothing."
            )

    def require(self, attempt_id: str, token: str) -> None:
        """Raises `TokenRefusedError` unless the token speaks for this attempt."""
        found = self._require(attempt_id, token)
        if found.expires_at is None:
            raise WrongTokenError(
                f"This token is good for beginning attempt {attempt_id} and for nothing else: "
                "whoever begins it is given the one to go on with."
            )
        if found.expires_at <= self._clock():
            raise UnknownTokenError(
                f"The token of attempt {attempt_id} has expired: it is good for "
                f"{self.life_seconds:g} s, and its worker did not have it renewed in time. What "
                "runs of the attempt there has to end."
            )

    def renewed(self, attempt_id: str, token: str) -> str | None:
        """The token to use in the place of this one, where a quarter of its life is over.

        The earlier ones live on, for the answer may be lost. A worker that says something at least
        every `silence_seconds` has 1/8 of a token's life left then, or more.
        """
        tokens = self._attempts[attempt_id]
        found = tokens.find(_digest(token))
        now = self._clock()
        if found is None or found.expires_at is None or tokens.issued[-1].expires_at is None:
            return None
        is_young = found.expires_at - now > self.life_seconds * 3 / 4
        was_just_renewed = now - tokens.issued[-1].issued_at < self.life_seconds / 16
        return None if is_young or was_just_renewed else self.issue(attempt_id)

    def expire_in(self, attempt_id: str, seconds: float) -> None:
        """Let the tokens that speak for this attempt be good for so long yet."""
        tokens = self._attempts[attempt_id]
        end = self._clock() + seconds
        tokens.issued = [
            _Token(one.digest, one.issued_at, None if one.expires_at is None else end)
            for one in tokens.issued
        ]

    def end(self, attempt_id: str, why: str) -> None:
        """No token of this attempt is good for anything any more."""
        tokens = self._attempts.get(attempt_id)
        if tokens is None or tokens.ended is not None:
            return
        tokens.ended = why
        self._ended[attempt_id] = None
        while len(self._ended) > _MOST_ENDED:
            self._forget(next(iter(self._ended)))

    def _require(self, attempt_id: str, token: str) -> _Token:
        if not token:
            raise UnknownTokenError(
                "There is no token: workers send that of their attempt, as `Authorization: Bearer`."
            )
        digest = _digest(token)
        tokens = self._attempts.get(attempt_id)
        found = None if tokens is None else tokens.find(digest)
        if tokens is None or found is None:
            if digest in self._owners:
                raise WrongTokenError(f"This token is that of another attempt than {attempt_id}.")
            raise UnknownTokenError(
                f"This server has given out no such token for attempt {attempt_id}: it is not "
                "yours, or the server was started again since then, and the attempt with it."
            )
        if tokens.ended is not None:
            raise AttemptEndedError(
                f"Attempt {attempt_id} has ended ({tokens.ended}); its tokens are good for nothing "
                "any more."
            )
        return found

    def _issue(self, attempt_id: str, expires_at: float | None) -> str:
        token = secrets.token_urlsafe(32)
        now = self._clock()
        tokens = self._attempts[attempt_id]
        # What has expired for so long is not asked about any more.
        old = [
            one
            for one in tokens.issued
            if one.expires_at is not None and one.expires_at + self.life_seconds < now
        ]
        for one in old:
            tokens.issued.remove(one)
            del self._owners[one.digest]
        digest = _digest(token)
        tokens.issued.append(_Token(digest, now, expires_at))
        self._owners[digest] = attempt_id
        return token

    def _forget(self, attempt_id: str) -> None:
        self._ended.pop(attempt_id, None)
        tokens = self._attempts.pop(attempt_id, None)
        for one in () if tokens is None else tokens.issued:
            del self._owners[one.digest]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
