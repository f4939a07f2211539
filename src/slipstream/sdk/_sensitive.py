"""Which names stand for secrets: the one list that all masking goes by."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from slipstream.model.sensitive import SENSITIVE_NAMES

__all__ = ["SENSITIVE_NAMES", "is_sensitive_name"]


def is_sensitive_name(name: str, more: Iterable[str] = ()) -> bool:
    """Whether a variable or a field of that name holds a secret."""
    return _is_sensitive(name, tuple(more))


@lru_cache(maxsize=4096)
def _is_sensitive(name: str, more: tuple[str, ...]) -> bool:
    """Remembered: the fields of one task are asked for each time that it has run."""
    lowered = name.strip().lower()
    return any(part in lowered for part in SENSITIVE_NAMES) or any(
        part.strip().lower() in lowered for part in more if part.strip()
    )
