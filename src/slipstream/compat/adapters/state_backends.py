"""`airflow.sdk.state`: whose state it is, and what keeps it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias


@dataclass(frozen=True)
class TaskScope:
    """The state of a task instance; -1 is the map index of one that is not mapped."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1


@dataclass(frozen=True)
class AssetScope:
    """The state of an asset, by its id, its name or its address."""

    asset_id: int | None = None
    name: str | None = None
    uri: str | None = None


StoreScope: TypeAlias = TaskScope | AssetScope


class BaseStoreBackend(ABC):
    """Keeps texts, which are JSON, by scope and key. The class itself may be used in a task."""

    @abstractmethod
    def get(self, scope: StoreScope, key: str, *, session: Any = None) -> str | None:
        """The text, or None."""

    @abstractmethod
    def set(
        self,
        scope: StoreScope,
        key: str,
        value: str,
        *,
        expires_at: datetime | None = None,
        session: Any = None,
    ) -> None:
        """Keep a text, until a moment or for good."""

    @abstractmethod
    def delete(self, scope: StoreScope, key: str, *, session: Any = None) -> None:
        """Forget a key, if it is there."""

    @abstractmethod
    def clear(
        self, scope: StoreScope, *, all_map_indices: bool = False, session: Any = None
    ) -> None:
        """Forget all keys of a scope, or of a task's other map indices too."""

    @abstractmethod
    async def aget(self, scope: StoreScope, key: str, *, session: Any = None) -> str | None:
        """`get` for coroutines."""

    @abstractmethod
    async def aset(
        self,
        scope: StoreScope,
        key: str,
        value: str,
        *,
        expires_at: datetime | None = None,
        session: Any = None,
    ) -> None:
        """`set` for coroutines."""

    @abstractmethod
    async def adelete(self, scope: StoreScope, key: str, *, session: Any = None) -> None:
        """`delete` for coroutines."""

    @abstractmethod
    async def aclear(
        self, scope: StoreScope, *, all_map_indices: bool = False, session: Any = None
    ) -> None:
        """`clear` for coroutines."""
