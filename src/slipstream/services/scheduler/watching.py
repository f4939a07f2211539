"""Sensors in mode `reschedule` that wait for another DAG look again when something ended there.

What is here is a hint and is not kept: when a run is read from the store, its sensors look again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import TypeAlias

from slipstream.model.attempt import Watched
from slipstream.model.run import TaskKey

Watcher: TypeAlias = tuple[int, TaskKey]
"""The run and the instance that wait."""
_MOST_RECENT = 1000
_THE_RUN = ""
"""Stands among the ids of tasks for the run itself."""


class Watching:
    """Who waits for what, and what has ended of the DAGs that somebody has waited for."""

    def __init__(self) -> None:
        self._watchers: dict[str, dict[Watcher, Watched]] = {}
        self._ends: dict[str, dict[str, datetime]] = {}
        """`{dag_id: {task_id: when the last end of an instance was in the store}}`."""
        self._recent: deque[tuple[datetime, str, Collection[str]]] = deque(maxlen=_MOST_RECENT)
        """`(when, dag_id, task_ids)`: what ended of DAGs that nobody has waited for yet. The first
        who does has looked a moment before it is known here that they wait."""

    def __len__(self) -> int:
        return sum(map(len, self._watchers.values()))

    def watch(self, watcher: Watcher, watched: Watched) -> bool:
        """Remember who waits; or True, where it has happened since they looked, or may have."""
        ends = self._ends.get(watched.dag_id)
        if ends is None:
            ends = self._ends[watched.dag_id] = self._recently_ended(watched.dag_id)
            is_forgotten = len(self._recent) == _MOST_RECENT and self._recent[0][0] > watched.since
            if is_forgotten:
                return True
        if any(_is_meant(watched, of) and at > watched.since for of, at in ends.items()):
            return True
        self._watchers.setdefault(watched.dag_id, {})[watcher] = watched
        return False

    def _recently_ended(self, dag_id: str) -> dict[str, datetime]:
        return {of: at for at, dag, ended in self._recent if dag == dag_id for of in ended}

    def forget(self, watcher: Watcher) -> None:
        """It waits no longer."""
        for watchers in self._watchers.values():
            watchers.pop(watcher, None)

    def forget_run(self, run_pk: int) -> None:
        """No instance of the run waits any longer."""
        for watchers in self._watchers.values():
            for watcher in [one for one in watchers if one[0] == run_pk]:
                del watchers[watcher]

    def ended(
        self, dag_id: str, task_ids: Collection[str], *, is_run_over: bool, at: datetime
    ) -> Iterator[Watcher]:
        """Instances of these tasks have ended, or the run has: gives who waited for that."""
        ended = {*task_ids, _THE_RUN} if is_run_over else {*task_ids}
        if dag_id not in self._ends:
            if ended:
                self._recent.append((at, dag_id, ended))
            return
        self._ends[dag_id].update(dict.fromkeys(ended, at))
        watchers = self._watchers.get(dag_id, {})
        for watcher, watched in list(watchers.items()):
            if any(_is_meant(watched, of) for of in ended):
                del watchers[watcher]
                yield watcher

    def edited(self, dag_id: str) -> Collection[Watcher]:
        """Somebody has changed runs of the DAG: gives all who waited for it."""
        return self._watchers.pop(dag_id, {}).keys()


def _is_meant(watched: Watched, ended: str) -> bool:
    if watched.group_id is not None:
        return ended.startswith(f"{watched.group_id}.")
    return ended in (watched.task_ids or (_THE_RUN,))
