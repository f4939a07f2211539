"""The scheduler's side of waits for other DAGs: tells triggerers of what it has written.

What is told is a count in the store that is raised after the write. A triggerer that began to
follow a DAG is told at once, for something may have been written before it was seen here; so are
all when a scheduler begins.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Sequence
from typing import Protocol

from slipstream.model.news import RunNews
from slipstream.store.errors import StoreError
from slipstream.store.leases import LeaseLostError
from slipstream.store.trigger_interface import FollowedDag

_log = logging.getLogger(__name__)

_SHORTEST_PAUSE_SECONDS = 0.05
"""Between two writes, however much happens: who waits does not look more often either."""
_PAUSE_SECONDS = 1.0
"""Between two tries to write what the store did not take."""


class TellingStore(Protocol):
    """What telling needs of the store; see `slipstream.store.trigger_interface`."""

    def followed_dags(self, triggerer_pk: int | None = None) -> Sequence[FollowedDag]:
        """All that are followed."""

    def tell_of_changes(self, dag_ids: Collection[str]) -> None:
        """Something has happened in these DAGs."""


class ChangeTeller:
    """Implements `slipstream.model.news.Observer`; writes in a thread of its own."""

    def __init__(self, store: TellingStore) -> None:
        """Nobody is told of anything before `look` has found who follows."""
        self._store = store
        self._followed: frozenset[str] = frozenset()
        self._known: frozenset[int] = frozenset()
        self._untold: set[str] = set()
        self._changed = threading.Condition()
        self._is_stopped = False
        self._thread: threading.Thread | None = None

    def runs_written(self, news: Sequence[RunNews]) -> None:
        """The scheduler has written these."""
        if self._followed:
            self.dags_edited({one.run.dag_id for one in news})

    def dags_edited(self, dag_ids: Collection[str]) -> None:
        """Somebody else has changed these DAGs, or runs of theirs."""
        if followed := self._followed.intersection(dag_ids):
            self._tell(followed)

    def look(self) -> None:
        """Find who follows what. Raises `StoreError`."""
        found = self._store.followed_dags()
        # Whatever is written from here on is told; what was written before is told below.
        self._followed = frozenset(one.dag_id for one in found)
        if new := {one.dag_id for one in found if one.pk not in self._known}:
            self._tell(new)
        self._known = frozenset(one.pk for one in found)

    def stop(self) -> None:
        """Tell nobody any more; the next scheduler tells all."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _tell(self, dag_ids: Collection[str]) -> None:
        with self._changed:
            self._untold.update(dag_ids)
            if self._thread is None and not self._is_stopped:
                self._thread = threading.Thread(target=self._work, name="changes", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _work(self) -> None:
        pause = 0.0
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: self._is_stopped, pause):
                    return
                self._changed.wait_for(lambda: self._is_stopped or self._untold)
                if self._is_stopped:
                    return
                dag_ids, self._untold = self._untold, set()
            pause = self._write(dag_ids)

    def _write(self, dag_ids: set[str]) -> float:
        """Gives how long to pause afterwards."""
        try:
            self._store.tell_of_changes(dag_ids)
        except LeaseLostError:
            with self._changed:
                self._is_stopped = True
        except StoreError as error:
            _log.warning("Triggerers cannot be told of changes in DAGs yet: %s", error)
            with self._changed:
                self._untold |= dag_ids
            return _PAUSE_SECONDS
        return _SHORTEST_PAUSE_SECONDS
