"""Tells whoever waits that something has happened in the runs of a DAG.

A task that waits for another DAG asks to be told, and looks again when it is. What was written is
told by the scheduler of this process; in a triggerer, by what follows DAGs through the store.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future

from slipstream.model.news import RunNews


class ChangeBoard:
    """Counts the changes of each DAG. Safe to use from any thread; a waiter costs no thread."""

    def __init__(self) -> None:
        # Numbers of an earlier server must not look like numbers of this one.
        self._base = time.time_ns()
        self._numbers: dict[str, int] = {}
        self._waiting: dict[str, set[Future[int]]] = {}
        self._ends: list[tuple[float, int, str, Future[int]]] = []
        """A heap of when the waiters give up, by the monotonic clock."""
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._on_awaited: Callable[[str], None] = lambda _: None

    def set_follower(self, on_awaited: Callable[[str], None]) -> None:
        """Call `on_awaited` with the DAG when somebody begins to wait, in a thread of theirs."""
        self._on_awaited = on_awaited

    def is_awaited(self, dag_id: str) -> bool:
        """Whether somebody waits for that DAG now."""
        with self._changed:
            return dag_id in self._waiting

    def runs_written(self, news: Sequence[RunNews]) -> None:
        """The scheduler has written something about these runs."""
        self.dags_edited({one.run.dag_id for one in news})

    def dags_edited(self, dag_ids: Collection[str]) -> None:
        """Something was written about these DAGs or about runs of theirs."""
        told: list[tuple[Future[int], int]] = []
        with self._changed:
            for dag_id in dag_ids:
                number = self._numbers[dag_id] = self._number(dag_id) + 1
                told += [(one, number) for one in self._waiting.pop(dag_id, ())]
        _tell(told)

    def wait(self, dag_id: str, seen: int | None, seconds: float) -> Future[int]:
        """The number of changes of a DAG, once it is not `seen`, or the time is up."""
        one: Future[int] = Future()
        with self._changed:
            number = self._number(dag_id)
            must_wait = seen == number and seconds > 0 and not self._is_closed
            if must_wait:
                self._waiting.setdefault(dag_id, set()).add(one)
                end = time.monotonic() + seconds
                heapq.heappush(self._ends, (end, next(self._count), dag_id, one))
                self._watch_the_clock()
        if must_wait:
            self._on_awaited(dag_id)
        else:
            one.set_result(number)
        return one

    def close(self) -> None:
        """Answer all who wait, and let nobody wait any more."""
        with self._changed:
            self._is_closed = True
            told = [
                (one, self._number(dag_id))
                for dag_id, waiting in self._waiting.items()
                for one in waiting
            ]
            self._waiting.clear()
            self._changed.notify()
        _tell(told)
        if self._thread is not None:
            self._thread.join()

    def _number(self, dag_id: str) -> int:
        return self._numbers.get(dag_id, self._base)

    def _watch_the_clock(self) -> None:
        """See to it that the thread knows of the next end; the lock is held."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                told = self._take_late()
                if self._is_closed:
                    return
                if not told:
                    left = self._ends[0][0] - time.monotonic() if self._ends else None
                    self._changed.wait(left)
            _tell(told)

    def _take_late(self) -> list[tuple[Future[int], int]]:
        """Those whose time is up, and the numbers for them."""
        late = []
        while self._ends and self._ends[0][0] <= time.monotonic():
            _, _, dag_id, one = heapq.heappop(self._ends)
            waiting = self._waiting.get(dag_id, set())
            if one in waiting:
                waiting.remove(one)
                late.append((one, self._number(dag_id)))
            if not waiting:
                self._waiting.pop(dag_id, None)
        return late


def _tell(told: Collection[tuple[Future[int], int]]) -> None:
    """Outside of the lock: what hangs on a future is run here."""
    for one, number in told:
        one.set_result(number)
