"""The waiting lines of admission: queues of instances, lanes of queues, and where both wait."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

from slipstream.model.dag import TaskSpec

if TYPE_CHECKING:
    from slipstream.core.admission_limits import Pool, RunPlaces, TaskLimit

Order: TypeAlias = tuple[int, datetime, datetime, int, int]
"""Who goes first: negative weight, dates and number of the run, place of the task in its DAG."""


class Waits(Protocol):
    """Something that can wait in one `Line` at a time."""

    home: object | None
    """The line that it waits in."""
    ticket: int
    rank: Order | None
    """The order that it had when it joined that line."""

    @property
    def order(self) -> Order:
        """Its order now; the lowest goes first."""


W = TypeVar("W", bound=Waits)


class Line(Generic[W]):
    """Things that wait for the same, the best first.

    A thing that joins again, or joins another line, leaves a stale entry behind, which is passed
    over when its turn comes.
    """

    __slots__ = ("_heap", "_tickets")

    def __init__(self) -> None:
        self._heap: list[tuple[Order, int, W]] = []
        self._tickets = 0

    def push(self, thing: W) -> None:
        """Wait here, and nowhere else, with the order of this moment."""
        self._tickets += 1
        thing.home = self
        thing.ticket = self._tickets
        thing.rank = order = thing.order
        heapq.heappush(self._heap, (order, self._tickets, thing))

    def __bool__(self) -> bool:
        return bool(self._heap)

    def pop(self) -> W | None:
        """The best that waits here, which then waits nowhere; None if there is none."""
        heap = self._heap
        while heap:
            _, ticket, thing = heapq.heappop(heap)
            if thing.home is self and thing.ticket == ticket:
                thing.home = None
                return thing
        return None


class Queue:
    """The instances of one task in one run that wait for places: ranges of map indexes."""

    __slots__ = (
        "_starts",
        "_stops",
        "active",
        "home",
        "is_in_lane",
        "is_parked",
        "lane",
        "limit",
        "order",
        "pool",
        "rank",
        "run",
        "task",
        "ticket",
    )

    def __init__(
        self, run: RunPlaces, task: TaskSpec, order: Order, pool: Pool, limit: TaskLimit | None
    ) -> None:
        self.run = run
        self.task = task
        self.order = order
        self.pool = pool
        self.limit = limit
        """The task's limit over all runs, where it has one."""
        self.lane: Lane | None = None
        """Its lane, once it was in it."""
        self.active = 0
        """Instances that hold places under the task's own limits."""
        self.is_parked = False
        """A limit of the task stops it; it is in no lane's way meanwhile."""
        self.is_in_lane = False
        self.home: object | None = None
        self.ticket = 0
        self.rank: Order | None = None
        self._starts: list[int] = []
        self._stops: list[int] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits in it."""
        return not self._starts

    @property
    def is_limited(self) -> bool:
        """Whether the task has limits of its own."""
        return self.limit is not None or self.task.max_active_tis_per_dagrun is not None

    def __contains__(self, index: int) -> bool:
        at = bisect_right(self._starts, index) - 1
        return at >= 0 and index < self._stops[at]

    def add(self, start: int, stop: int) -> int:
        """Let `start` to `stop - 1` wait; gives how many did not yet."""
        starts, stops = self._starts, self._stops
        if not starts or start > stops[-1]:
            starts.append(start)
            stops.append(stop)
            return stop - start
        first = bisect_left(stops, start)
        last = bisect_right(starts, stop)
        known = sum(
            min(stops[at], stop) - max(starts[at], start)
            for at in range(first, last)
            if min(stops[at], stop) > max(starts[at], start)
        )
        merged_start = min(start, starts[first]) if first < last else start
        merged_stop = max(stop, stops[last - 1]) if first < last else stop
        starts[first:last] = [merged_start]
        stops[first:last] = [merged_stop]
        return stop - start - known

    def remove(self, start: int, stop: int) -> int:
        """Let `start` to `stop - 1` wait no more; gives how many did."""
        starts, stops = self._starts, self._stops
        first = bisect_right(stops, start)
        last = bisect_left(starts, stop)
        pieces: list[tuple[int, int]] = []
        removed = 0
        for at in range(first, last):
            removed += min(stops[at], stop) - max(starts[at], start)
            if starts[at] < start:
                pieces.append((starts[at], start))
            if stops[at] > stop:
                pieces.append((stop, stops[at]))
        if first < last:
            starts[first:last] = [piece[0] for piece in pieces]
            stops[first:last] = [piece[1] for piece in pieces]
        return removed

    def clear(self) -> int:
        """Let nothing wait; gives how many did."""
        removed = sum(self._stops) - sum(self._starts)
        self._starts.clear()
        self._stops.clear()
        return removed

    def take(self) -> int:
        """Remove and give the lowest index; there must be one."""
        index = self._starts[0]
        if index + 1 == self._stops[0]:
            del self._starts[0]
            del self._stops[0]
        else:
            self._starts[0] = index + 1
        return index


class Lane:
    """The queues of one run that ask for the same number of slots of the same pool."""

    __slots__ = ("_heap", "home", "pool", "rank", "run", "slots", "ticket")

    def __init__(self, run: RunPlaces, pool: Pool, slots: int) -> None:
        self.run = run
        self.pool = pool
        self.slots = slots
        self.home: object | None = None
        self.ticket = 0
        self.rank: Order | None = None
        self._heap: list[tuple[Order, Queue]] = []

    @property
    def order(self) -> Order:
        """The order of its first queue; it must have one."""
        return self._heap[0][0]

    def push(self, queue: Queue) -> bool:
        """Add a queue that is not in it; True if it is now the best."""
        if not queue.is_in_lane:
            queue.is_in_lane = True
            heapq.heappush(self._heap, (queue.order, queue))
        return self._heap[0][1] is queue

    def best(self) -> Queue | None:
        """The first queue that has something to offer, or None."""
        heap = self._heap
        while heap:
            queue = heap[0][1]
            if not queue.is_empty and not queue.is_parked:
                return queue
            self.drop_best()
        return None

    def drop_best(self) -> None:
        """Take the first queue out."""
        _, queue = heapq.heappop(self._heap)
        queue.is_in_lane = False

    def limits(self) -> list[TaskLimit]:
        """The limits over all runs of the tasks whose queues are in it."""
        return [queue.limit for _, queue in self._heap if queue.limit is not None]
