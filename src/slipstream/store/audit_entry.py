"""An entry of the audit log that is written together with what it tells of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from slipstream.model.json import JsonValue
from slipstream.store.event_records import NewEvent

Changes = list[Mapping[str, JsonValue]]
"""`{object, key, before, after}` of each setting that was changed; None where it was not there."""


class AuditEntry:
    """What somebody is about to do.

    Where it changes things one after the other, the first of them carries the entry, and each
    later one that changes settings an entry of its own with these.
    """

    def __init__(self, describe: Callable[[Changes], NewEvent]) -> None:
        """`describe` gives the entry, with these changes of settings."""
        self._describe = describe
        self.changes: Changes = []
        """What is changed of the settings."""
        self.told: int | None = None
        """How many of the changes were written; None where nothing was written yet."""

    def take(self) -> NewEvent | None:
        """What is still to be written; None where all is said."""
        fresh = self.changes[self.told or 0 :]
        if self.told is not None and not fresh:
            return None
        self.told = len(self.changes)
        return self._describe(fresh)
