"""What the store offers of pools; see `interface`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from slipstream.store.records import Page, PoolRecord, PoolSpan, PoolUse, Window


class PoolStore(Protocol):
    """Pools, and what takes their slots."""

    def get_pool(self, name: str) -> PoolRecord | None: ...

    def set_pool(self, pool: PoolRecord) -> bool:
        """Create or replace; True when it was new. Raises `InvalidInputError` for a team that there
        is not."""

    def delete_pool(self, name: str) -> bool:
        """Raises `ConflictError` for `default_pool`."""

    def list_pools(self, pattern: str | None, window: Window) -> Page[PoolRecord]: ...

    def pool_use(self) -> Mapping[str, PoolUse]:
        """`{pool name: what is taken}`."""

    def pool_spans(self, pool: str, since: datetime) -> Sequence[PoolSpan]:
        """When instances that began after that moment, in their latest try, have taken slots."""
