"""The triggerer's side of waits for other DAGs: it is told of changes through the store.

The scheduler tells once when it first sees that a DAG is followed, so that what happened between a
trigger's look and then is not missed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from slipstream.services.changes import ChangeBoard
from slipstream.store.trigger_interface import FollowedDag

_IDLE_SECONDS = 30.0
"""A DAG that changes is followed for so long after the last wait for it began."""


class FollowingStore(Protocol):
    """What following needs of the store; see `slipstream.store.trigger_interface`."""

    def follow_dags(self, triggerer_pk: int, dag_ids: Collection[str]) -> None:
        """Have that triggerer told of what happens in these DAGs."""

    def unfollow_dags(self, triggerer_pk: int, dag_ids: Collection[str]) -> None:
        """Do not tell it any more."""

    def followed_dags(self, triggerer_pk: int | None = None) -> Sequence[FollowedDag]:
        """What that triggerer follows."""


class FollowedDags:
    """Follows the DAGs that triggers of this process wait for."""

    def __init__(
        self,
        store: FollowingStore,
        changes: ChangeBoard,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is followed before `start`."""
        self._store = store
        self._changes = changes
        self._clock = clock
        self._lock = threading.Lock()
        self._wanted: set[str] = set()
        self._asked_at: dict[str, float] = {}
        self._told: dict[str, int] = {}
        """`{dag_id: how often this triggerer was told}` of those that it follows."""
        self._wake: Callable[[], None] = lambda: None
        self._triggerer_pk = 0

    def start(self, triggerer_pk: int, wake: Callable[[], None]) -> None:
        """Follow for that triggerer; `wake` has `look` called soon, in another thread."""
        self._triggerer_pk, self._wake = triggerer_pk, wake
        self._changes.set_follower(self._awaited)

    def _awaited(self, dag_id: str) -> None:
        with self._lock:
            self._asked_at[dag_id] = self._clock()
            if dag_id in self._told or dag_id in self._wanted:
                return
            self._wanted.add(dag_id)
        self._wake()

    def look(self) -> None:
        """Follow what is new, and tell who waits of what has happened. Raises `StoreError`."""
        with self._lock:
            wanted = set(self._wanted)
        if wanted:
            self._store.follow_dags(self._triggerer_pk, wanted)
            with self._lock:
                self._told.update(dict.fromkeys(wanted, 0))
                self._wanted -= wanted
        if not self._told:
            return
        found = {one.dag_id: one.changes for one in self._store.followed_dags(self._triggerer_pk)}
        changed = [dag_id for dag_id, told in self._told.items() if found.get(dag_id, told) != told]
        with self._lock:
            self._told.update((dag_id, found[dag_id]) for dag_id in changed)
        self._changes.dags_edited(changed)
        if idle := self._let_go(changed):
            self._store.unfollow_dags(self._triggerer_pk, idle)

    def _let_go(self, changed: Collection[str]) -> Sequence[str]:
        """Of these, what nobody has waited for in a while; it is not followed any more.

        A DAG in which nothing happens costs nothing, and stays.
        """
        long_ago = self._clock() - _IDLE_SECONDS
        with self._lock:
            idle = [dag_id for dag_id in changed if self._asked_at[dag_id] < long_ago]
            idle = [dag_id for dag_id in idle if not self._changes.is_awaited(dag_id)]
            for dag_id in idle:
                del self._told[dag_id]
                del self._asked_at[dag_id]
        return idle
