"""Personal access tokens: random texts, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

PREFIX: Final = "slipstream_pat_"
"""So that people and programs that look for secrets recognize one."""


def new_token() -> str:
    """A token that nobody guesses."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """What is kept of a token. It has 256 random bits: a slow hash would protect nothing more."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_personal(token: str) -> bool:
    """Whether it has the form of one."""
    return token.startswith(PREFIX)
