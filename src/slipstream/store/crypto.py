"""Secrets at rest: Fernet, with as many keys as a rotation needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from slipstream.store.errors import UndecryptableError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

_SEALED = "fernet:"
_PLAIN = "plain:"


def generate_key() -> str:
    """A fresh key: 32 random bytes in URL-safe base64."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode("ascii")


class SecretBox:
    """Seals texts with the first key and opens what any of the keys has sealed.

    Without a key texts are kept in the clear. What is stored says which it is, so that a key may
    be introduced later.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` are as `generate_key` makes them, the newest first."""
        self._keys = tuple(keys)
        self._cached: MultiFernet | None = None

    def seal(self, text: str) -> str:
        """The text as it may be written to the database."""
        if not self._keys:
            return _PLAIN + text
        return _SEALED + self._fernet().encrypt(text.encode()).decode("ascii")

    def open(self, stored: str) -> str:
        """The text behind what `seal` gave. Raises `UndecryptableError`."""
        if stored.startswith(_PLAIN):
            return stored.removeprefix(_PLAIN)
        if not self._keys:
            raise UndecryptableError(
                "The value is encrypted and no key was given: set [core] fernet_key to the key "
                "that it was written with."
            )
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(stored.removeprefix(_SEALED)).decode()
        except InvalidToken as error:
            raise UndecryptableError(
                f"None of the {len(self._keys)} key(s) in [core] fernet_key opens the value: put "
                "the key that it was written with at the end of the list."
            ) from error

    def _fernet(self) -> MultiFernet:
        if self._cached is None:
            from cryptography.fernet import Fernet, MultiFernet

            try:
                self._cached = MultiFernet([Fernet(key) for key in self._keys])
            except ValueError as error:
                raise UndecryptableError(
                    "A key in [core] fernet_key is not 32 bytes in URL-safe base64: make one with "
                    "`slipstream.store.generate_key()`."
                ) from error
        return self._cached


def is_sealed(stored: str) -> bool:
    """Whether what `SecretBox.seal` gave is encrypted."""
    return stored.startswith(_SEALED)
