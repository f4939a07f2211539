"""What secrets backends said, kept while DAG files are loaded (`[secrets] use_cache`).

A file that is being loaded may ask for the same values again and again, and each answer of a
service costs a request. Tasks always ask anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

from slipstream.sdk._conf import conf

T = TypeVar("T")


class SecretsCache:
    """Values by kind and name, absent ones too, for `[secrets] cache_ttl_seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept: dict[tuple[str, str], tuple[float, object]] = {}

    def get(self, kind: str, name: str, ask: Callable[[], T]) -> T:
        """What is kept, or what asking gives."""
        kept = self._kept.get((kind, name))
        now = time.monotonic()
        if kept is not None and now - kept[0] < self._seconds:
            return kept[1]  # type: ignore[return-value]  # it was put in as what `ask` gives
        found = ask()
        self._kept[kind, name] = (now, found)
        return found


current_cache: ContextVar[SecretsCache | None] = ContextVar("secrets_cache", default=None)
"""The cache of the file that is being loaded; None where nothing is kept."""


def new_cache() -> SecretsCache | None:
    """A cache where the settings want one."""
    if not conf.getboolean("secrets", "use_cache", fallback=False):
        return None
    return SecretsCache(conf.getfloat("secrets", "cache_ttl_seconds"))


def remembered(kind: str, name: str, ask: Callable[[], T]) -> T:
    """What asking gives, or gave while this file is loaded."""
    cache = current_cache.get()
    return ask() if cache is None else cache.get(kind, name, ask)
