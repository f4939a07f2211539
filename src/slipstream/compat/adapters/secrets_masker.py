"""`airflow.sdk._shared.secrets_masker`: the object behind `mask_secret` and `redact`."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import Any, TypeAlias

from slipstream.compat.adapters.masking import mask_secret, redact, should_hide_value_for_key

Redactable: TypeAlias = Any
Redacted: TypeAlias = Any

__all__ = [
    "Redactable",
    "Redacted",
    "SecretsMasker",
    "_secrets_masker",
    "mask_secret",
    "redact",
    "should_hide_value_for_key",
]


class SecretsMasker(logging.Filter):
    """A filter of log records that hides the values it was given, and fields named as secrets."""

    MAX_RECURSION_DEPTH = 5

    def __init__(self) -> None:
        super().__init__()
        self.patterns: set[str] = set()
        self.replacer: re.Pattern[str] | None = None
        self.sensitive_variables_fields: list[str] = []

    def add_mask(self, secret: Any, name: str | None = None) -> None:
        """Hide a value, or the values in a collection, from now on; in the task's log too."""
        mask_secret(secret, name)
        self._add(secret, name)

    def _add(self, secret: Any, name: str | None) -> None:
        if isinstance(secret, dict):
            for key, value in secret.items():
                self._add(value, str(key))
        elif isinstance(secret, (list, tuple, set)):
            for value in secret:
                self._add(value, name)
        elif (
            isinstance(secret, str)
            and len(secret) >= _SHORTEST
            and (name is None or self.should_hide_value_for_key(name))
        ):
            self.patterns.add(secret)
            longest_first = sorted(self.patterns, key=len, reverse=True)
            self.replacer = re.compile("|".join(map(re.escape, longest_first)))

    def should_hide_value_for_key(self, name: Any) -> bool:
        """Whether a field of that name holds a secret."""
        return should_hide_value_for_key(name)

    def redact(
        self,
        item: Any,
        name: str | None = None,
        max_depth: int | None = None,
        replacement: str = "***",
    ) -> Any:
        """The value with secrets hidden, as they are known or their fields are named."""
        return self._redact(item, name, 0, max_depth or self.MAX_RECURSION_DEPTH, replacement)

    def _redact(
        self, item: Any, name: str | None, depth: int, max_depth: int, replacement: str = "***"
    ) -> Any:
        """Classes derive from this to look into values of their own kinds."""
        if depth > max_depth:
            return item
        if name and self.should_hide_value_for_key(name) and isinstance(item, str):
            return replacement if item else item
        if isinstance(item, dict):
            return {
                key: self._redact(value, str(key), depth + 1, max_depth, replacement)
                for key, value in item.items()
            }
        if isinstance(item, (list, set)) or type(item) is tuple:
            return type(item)(
                self._redact(value, name, depth + 1, max_depth, replacement) for value in item
            )
        if isinstance(item, str) and self.replacer is not None:
            return self.replacer.sub(replacement, item)
        return item

    def filter(self, record: logging.LogRecord) -> bool:
        """Hide the secrets in a record; every record is let through."""
        if self.replacer is not None:
            record.msg = self._redact(record.msg, None, 0, self.MAX_RECURSION_DEPTH)
            if record.args:
                record.args = self._redact(record.args, None, 0, self.MAX_RECURSION_DEPTH)
        return True

    def reset_masker(self) -> None:
        """Forget the values."""
        self.patterns.clear()
        self.replacer = None


_SHORTEST = 5
"""Shorter values would hide half of every log."""


@cache
def _secrets_masker() -> SecretsMasker:
    """The one of this process."""
    return SecretsMasker()
