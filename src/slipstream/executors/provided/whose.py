"""Whose end an executor tells of: it names task instances, and an instance has several attempts.

The attempts of an instance follow each other under one name where its try goes on (after a
deferral, a reschedule, a loss). The end of the one before is then often told when the next one is
queued already.
"""

from __future__ import annotations

from collections.abc import Hashable

_MOST_OWED = 10_000


class Whose:
    """Finds the attempt that an executor's word is about."""

    def __init__(self) -> None:
        self._attempts: dict[Hashable, str] = {}
        self._keys: dict[str, Hashable] = {}
        self._owed: dict[Hashable, None] = {}
        """Instances of which an earlier attempt's end was not told, the oldest first."""

    def queued(self, key: Hashable, attempt_id: str) -> None:
        """The executor was given this attempt of the instance."""
        earlier = self._attempts.get(key)
        if earlier is not None:
            del self._keys[earlier]
            self._owe(key)
        self._attempts[key] = attempt_id
        self._keys[attempt_id] = key

    def revoked(self, attempt_id: str) -> None:
        """The executor was told to take it back; of its end nobody wants to know."""
        key = self._keys.pop(attempt_id, None)
        if key is not None:
            del self._attempts[key]
            self._owe(key)

    def ended(self, key: Hashable) -> tuple[str, bool] | None:
        """The attempt whose end that may be, and whether it may as well be an earlier one's."""
        attempt_id = self._attempts.get(key)
        may_be_earlier = key in self._owed
        self._owed.pop(key, None)
        if attempt_id is None:
            return None
        if not may_be_earlier:
            del self._attempts[key], self._keys[attempt_id]
        return attempt_id, may_be_earlier

    def _owe(self, key: Hashable) -> None:
        self._owed[key] = None
        if len(self._owed) > _MOST_OWED:
            del self._owed[next(iter(self._owed))]
