"""What limits admission: pools, runs, and tasks over all runs; and what waits for each."""

from __future__ import annotations

from typing import Final

from slipstream.core.admission_lanes import Lane, Line, Queue
from slipstream.core.plan import plan_for
from slipstream.model.dag import DagSpec
from slipstream.model.run import DagRun, TaskKey

WORKER: Final = 1
"""A place under `parallelism`, and under its run's `max_active_tasks`."""
SLOTS: Final = 2
"""Slots of its pool."""
TASK: Final = 4
"""A place under its task's own limits."""
EVERYTHING: Final = WORKER | SLOTS | TASK


class Pool:
    """A pool: its free slots, and the lanes that wait for some, by how many they ask for."""

    __slots__ = ("include_deferred", "is_known", "name", "slots", "team", "used", "waiting")

    def __init__(self, name: str) -> None:
        self.name = name
        self.slots = 0
        """-1 is without limit."""
        self.is_known = False
        self.include_deferred = False
        self.team: str | None = None
        """Whose runs alone may use it; None is for all."""
        self.used = 0
        self.waiting: dict[int, Line[Lane]] = {}

    def has_room_for(self, slots: int) -> bool:
        """Whether that many slots are free."""
        return self.is_known and (self.slots < 0 or self.slots - self.used >= slots)

    def admits(self, run: RunPlaces) -> bool:
        """Whether the run's team may use it."""
        return self.team is None or self.team == run.team

    def wait(self, lane: Lane) -> None:
        """Let the lane wait for as many slots as it asks for."""
        line = self.waiting.get(lane.slots)
        if line is None:
            line = self.waiting[lane.slots] = Line()
        line.push(lane)


class TaskLimit:
    """`max_active_tis_per_dag` of one task, and the queues that wait for it."""

    __slots__ = ("active", "limit", "waiting")

    def __init__(self) -> None:
        self.active = 0
        self.limit = 0
        self.waiting: Line[Queue] = Line()

    @property
    def has_room(self) -> bool:
        """Whether one more instance may be active."""
        return self.active < self.limit


class RunPlaces:
    """A run's `max_active_tasks`, what it holds, and everything of it that waits."""

    __slots__ = (
        "active",
        "dag",
        "held",
        "is_dropped",
        "lanes",
        "limit",
        "order",
        "places",
        "queues",
        "run_pk",
        "team",
        "waiting",
    )

    def __init__(self, run: DagRun, dag: DagSpec, team: str | None = None) -> None:
        self.run_pk = run.pk
        self.team = team
        self.dag = dag
        self.order = (run.logical_date or run.run_after, run.run_after, run.pk)
        self.limit = dag.max_active_tasks
        self.active = 0
        self.is_dropped = False
        self.held: dict[TaskKey, int] = {}
        """What holds places, and which: `WORKER`, `SLOTS` and `TASK`, added up."""
        self.queues: dict[str, Queue] = {}
        self.lanes: dict[tuple[str, int], Lane] = {}
        self.waiting: Line[Lane] = Line()
        self.places = plan_for(dag).position_of
        """`{task_id: its place in the order of the DAG}`."""

    @property
    def has_room(self) -> bool:
        """Whether one more of its instances may be active."""
        return self.limit <= 0 or self.active < self.limit
