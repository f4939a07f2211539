"""Backfills under way: their runs are made as there is room, a few at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slipstream.model.backfill import Backfill
from slipstream.model.errors import NotFoundError
from slipstream.model.run import DagRun
from slipstream.services.scheduler.dags import DagBook
from slipstream.services.scheduler.needs import SchedulingStore
from slipstream.services.scheduler.run_queue import RunQueue


@dataclass(slots=True)
class _Open:
    backfill: Backfill
    is_exhausted: bool = False
    """Whether all of its runs have been made."""


class Backfills:
    """Looks at a backfill when it or its DAG changes, and when a run of it ends.

    Of 10,000 dates only those are runs, in memory and in the store, that may run now. A paused DAG
    makes none.
    """

    def __init__(self, store: SchedulingStore, dags: DagBook, queue: RunQueue) -> None:
        self._store = store
        self._dags = dags
        self._queue = queue
        self._open: dict[int, _Open] = {}
        self._to_look: dict[int, None] = {}
        self._must_read = True

    @property
    def is_due(self) -> bool:
        """Whether there is something to do."""
        return self._must_read or bool(self._to_look)

    def changed(self) -> None:
        """One was created, paused, unpaused or cancelled: they are read again."""
        self._must_read = True

    def look_at_dag(self, dag_id: str) -> None:
        """The DAG was paused, unpaused or changed, or a run of it has ended."""
        for number, entry in self._open.items():
            if entry.backfill.dag_id == dag_id:
                self._set_limits(entry.backfill)
                self._to_look[number] = None

    def read(self) -> None:
        """Read what is open, if something changed. Raises `StoreError`."""
        if not self._must_read:
            return
        found = {backfill.pk: backfill for backfill in self._store.open_backfills()}
        self._must_read = False
        for number in self._open.keys() - found.keys():
            self._close(number)
        for number, backfill in found.items():
            known = self._open.get(number)
            self._open[number] = _Open(backfill, known is not None and known.is_exhausted)
            self._set_limits(backfill)
            self._to_look[number] = None

    def make_runs(self) -> Iterator[DagRun | int]:
        """Make the runs that there is room for; gives them, and the numbers of those that were
        there already and run again. Raises `StoreError` in between; what was not done is done by
        the next call."""
        self.read()
        for number in tuple(self._to_look):
            entry = self._open.get(number)
            if entry is not None:
                yield from self._advance(number, entry)
            self._to_look.pop(number, None)

    def _advance(self, number: int, entry: _Open) -> Iterator[DagRun | int]:
        dag = self._dags.get(entry.backfill.dag_id)
        if dag is None or entry.backfill.is_paused or dag.is_paused:
            return
        room = entry.backfill.max_active_runs - self._queue.count_of_backfill(number)
        while room > 0 and not entry.is_exhausted and not dag.is_stale:
            try:
                step = self._store.advance_backfill(number, dag.version_id, room)
            except NotFoundError:
                self._close(number)
                return
            entry.is_exhausted = step.is_exhausted
            yield from step.created
            yield from step.reopened
            room -= len(step.created) + len(step.reopened)
            if step.reopened:
                # They count when they have been read, and the backfill is looked at again then.
                return
            if not step.created and not step.is_exhausted and self._is_stopped(number):
                return
        is_over = entry.is_exhausted and not self._queue.count_of_backfill(number)
        if is_over and self._store.complete_backfill(number):
            self._close(number)

    def _is_stopped(self, number: int) -> bool:
        """Nothing was made of it: whether that is because it was paused or cancelled meanwhile."""
        found = {backfill.pk: backfill for backfill in self._store.open_backfills()}
        backfill = found.get(number)
        if backfill is None or backfill.is_paused:
            self._must_read = True
            return True
        return False

    def _set_limits(self, backfill: Backfill) -> None:
        is_paused = backfill.is_paused or self._dags.is_paused(backfill.dag_id)
        self._queue.set_backfill(backfill.pk, backfill.max_active_runs, is_paused=is_paused)

    def _close(self, number: int) -> None:
        self._open.pop(number, None)
        self._to_look.pop(number, None)
        self._queue.close_backfill(number)
