"""Password hashes: argon2id with the library's current recommendation."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


@lru_cache(maxsize=1)
def _hash_of_nothing() -> str:
    """Verified where there is no such user, so that the answer takes as long as any other."""
    return _hasher().hash("there is no such user")


def hash_password(password: str) -> str:
    """The hash to store, with its salt and parameters in it."""
    return _hasher().hash(password)


def password_matches(stored_hash: str | None, password: str) -> bool:
    """Whether the password belongs to the hash; False for None, after the same time."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        _hasher().verify(stored_hash or _hash_of_nothing(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored_hash is not None
