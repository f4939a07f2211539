"""Sensors in mode `reschedule` that wait for another DAG look again when something ended there.

What is here is a hint and is not kept: a new scheduler has them look when their interval is over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import TypeAlias

from slipstream.model.attempt import Watched
from slipstream.model.run import TaskKey

Watcher: TypeAlias = tuple[int, TaskKey]
"""The run and the instance that wait."""
_THE_RUN = ""
"""Stands among the ids of tasks for the run itself."""


class Watching:
    """Who waits for what, and what has ended of the DAGs that somebody has waited for."""

    def __init__(self) -> None:
        self._watchers: dict[str, dict[Watcher, Watched]] = {}
        self._ends: dict[str, dict[str, datetime]] = {}
        """`{dag_id: {task_id: when the last end of an instance was in the store}}`."""

    def __len__(self) -> int:
        return sum(map(len, self._watchers.values()))

    def watch(self, watcher: Watcher, watched: Watched) -> bool:
        """Remember who waits; or True, where it has happened since they last looked."""
        ends = self._ends.setdefault(watched.dag_id, {})
        if any(_is_meant(watched, of) and at > watched.since for of, at in ends.items()):
            return True
        self._watchers.setdefault(watched.dag_id, {})[watcher] = watched
        return False

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
        if dag_id not in self._ends:
            return
        ended = {*task_ids, _THE_RUN} if is_run_over else {*task_ids}
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
