"""What every group of the store's verbs works with."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from slipstream.model.attempt import XComWrite
from slipstream.model.version import DagVersion
from slipstream.store.crypto import SecretBox
from slipstream.store.database import Database
from slipstream.store.objects import ObjectStore
from slipstream.store.times import Clock

if TYPE_CHECKING:
    from slipstream.wire.value_items import ValueItems

V = TypeVar("V")

_MOST_ITEMIZED = 8
"""Values that are kept taken apart."""
_MOST_SECRETS = 16


class RecentlyUsed(Generic[V]):
    """A map that keeps the entries used last."""

    def __init__(self, capacity: int) -> None:
        """At most `capacity` entries are kept."""
        self._capacity = capacity
        self._lock = Lock()
        self._entries: OrderedDict[str, V] = OrderedDict()

    def get(self, key: str) -> V | None:
        """The entry, or None where it is not, or no longer, there."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key]

    def put(self, key: str, value: V) -> None:
        """Keep an entry; the one that was used longest ago may have to go."""
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)


class StoreParts:
    """The base of every group of verbs."""

    def __init__(
        self,
        *,
        database: Database,
        box: SecretBox,
        objects: ObjectStore,
        xcom_threshold_bytes: int,
        clock: Clock,
        dags_paused_at_creation: bool,
        cached_versions: int,
    ) -> None:
        """`cached_versions` is how many DAG versions are kept decoded."""
        self._database = database
        self._box = box
        self._objects = objects
        self._xcom_threshold_bytes = xcom_threshold_bytes
        self._clock = clock
        self._dags_paused_at_creation = dags_paused_at_creation
        self._versions: RecentlyUsed[DagVersion] = RecentlyUsed(cached_versions)
        self._items: RecentlyUsed[ValueItems] = RecentlyUsed(_MOST_ITEMIZED)
        """Values that tasks are mapped over, by what their rows say."""
        self._secrets: RecentlyUsed[str] = RecentlyUsed(_MOST_SECRETS)
        """The deployment's own secrets, by what is stored of them."""

    def _placed(self, write: XComWrite) -> XComWrite:
        """The XCom with its value in the object store where that is its place."""
        if write.is_reference or len(write.value) * 4 <= self._xcom_threshold_bytes:
            return write
        if len(write.value.encode()) <= self._xcom_threshold_bytes:
            return write
        return XComWrite(
            key=write.key,
            value=self._objects.put(write.value),
            length=write.length,
            is_reference=True,
        )
