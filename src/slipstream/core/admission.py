"""Which ready instances get a place: limits and priorities over all runs.

An instance needs a place under `parallelism`, its task's `pool_slots` in its pool, a place under
its DAG's `max_active_tasks` (counted per run) and, where its task says so, under
`max_active_tis_per_dag` and `max_active_tis_per_dagrun`; these two it keeps while it waits for a
trigger or for people. Of those that could go, the one with the
highest total weight goes first; then the one of the earliest run, the earliest task of the DAG and
the lowest map index. One that asks for more slots than its pool has free lets smaller ones pass.

Instances are offered as ranges and stay ranges until they are admitted. All offered instances of
one task in one run form a *queue*; the queues of one run that ask for the same pool and number of
slots form a *lane*. A queue or lane that a limit stops is parked there, and is looked at again only
when that limit has a place free: a full pool costs nothing while it is full.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from slipstream.core.admission_lanes import Lane, Line, Queue
from slipstream.core.admission_limits import (
    EVERYTHING,
    SLOTS,
    TASK,
    WORKER,
    Pool,
    RunPlaces,
    TaskLimit,
)
from slipstream.core.reasons import Reason, ReasonCode
from slipstream.model.changes import Change, InstanceChanged, Ready, Released, Unready
from slipstream.model.dag import DagSpec
from slipstream.model.errors import NotFoundError
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import TaskState


class Admittee(NamedTuple):
    """An instance that got its places: make an attempt id and tell its machine `Admitted`."""

    run_pk: int
    key: TaskKey


class Admission:
    """Gives places to ready instances, and takes them back.

    `parallelism` of 0 is without limit. A pool exists once `set_pool` named it; instances of an
    unknown pool wait for it.
    """

    def __init__(self, parallelism: int = 0) -> None:
        self._parallelism = parallelism
        self._active = 0
        self._pools: dict[str, Pool] = {}
        self._runs: dict[int, RunPlaces] = {}
        self._task_limits: dict[tuple[str, str], TaskLimit] = {}
        self._open: Line[Lane] = Line()
        self._waiting = 0

    # Limits.

    @property
    def active(self) -> int:
        """Instances that hold a place under `parallelism`."""
        return self._active

    @property
    def waiting(self) -> int:
        """Instances that were offered and not admitted yet."""
        return self._waiting

    def set_parallelism(self, parallelism: int) -> None:
        """Change how many instances may be active in all; 0 is without limit."""
        self._parallelism = parallelism

    def set_pool(
        self, name: str, slots: int, *, include_deferred: bool = False, team: str | None = None
    ) -> None:
        """Create or change a pool; -1 slots is without limit. What holds slots keeps them. One of
        a team admits only runs of that team."""
        pool = self._pool(name)
        pool.slots = slots
        pool.is_known = True
        pool.include_deferred = include_deferred
        if pool.team != team:
            pool.team = team
            for run in self._runs.values():
                for queue in run.queues.values():
                    if queue.pool is pool:
                        self._enter(queue)
        self._wake_pool(pool)

    def remove_pool(self, name: str) -> None:
        """From now on nothing is admitted to that pool."""
        self._pool(name).is_known = False

    def pool_used(self, name: str) -> int:
        """Slots of the pool that are taken."""
        return self._pool(name).used

    # Runs.

    def add_run(self, run: DagRun, dag: DagSpec, team: str | None = None) -> None:
        """Make a run known, before anything of it is offered; a second time changes nothing.
        `team` is its DAG's."""
        if run.pk not in self._runs:
            self._runs[run.pk] = RunPlaces(run, dag, team)

    def drop_run(self, run_pk: int) -> None:
        """Forget a run: what it offered, and what it holds."""
        run = self._runs.get(run_pk)
        if run is None:
            return
        self.withdraw_all(run_pk)
        for key in list(run.held):
            self.release(run_pk, key)
        run.is_dropped = True
        del self._runs[run_pk]
        # Where they wait they are passed over, and the turn comes to another.
        for lane in run.lanes.values():
            lane.home = None
            self._wake_pool(lane.pool)
        for queue in run.queues.values():
            queue.home = None
            if queue.limit is not None:
                self._wake_task(queue.limit)

    # Instances.

    def apply(self, run_pk: int, changes: Iterable[Change]) -> None:
        """Follow a machine's `Ready`, `Unready` and `Released`; others are passed over."""
        for change in changes:
            if isinstance(change, InstanceChanged):
                continue
            if isinstance(change, Ready):
                self.offer(run_pk, change.key, change.count)
            elif isinstance(change, Released):
                self.release(run_pk, change.key, waits=change.waits)
            elif isinstance(change, Unready):
                self.withdraw(run_pk, change.key, change.count)

    def offer(self, run_pk: int, key: TaskKey, count: int = 1) -> None:
        """These instances wait for places: `key`, and the `count - 1` map indexes after it."""
        run = self._run(run_pk)
        queue = self._queue(run, key.task_id)
        if key in run.held and not run.held[key] & WORKER:
            self.release(run_pk, key)
        index = key.map_index
        self._waiting += queue.add(index, index + count)
        self._enter(queue)

    def withdraw(self, run_pk: int, key: TaskKey, count: int = 1) -> None:
        """These instances do not wait any more."""
        queue = self._run(run_pk).queues.get(key.task_id)
        if queue is not None:
            self._waiting -= queue.remove(key.map_index, key.map_index + count)

    def withdraw_all(self, run_pk: int) -> None:
        """Nothing of the run waits any more."""
        for queue in self._run(run_pk).queues.values():
            self._waiting -= queue.clear()

    def hold(self, run_pk: int, key: TaskKey, *, waits: TaskState | None = None) -> None:
        """Count an instance that was admitted before this admission was made."""
        run = self._run(run_pk)
        queue = self._queue(run, key.task_id)
        if key in run.held:
            return
        self._take(queue, key)
        if waits is not None:
            self.release(run_pk, key, waits=waits)

    def release(self, run_pk: int, key: TaskKey, *, waits: TaskState | None = None) -> None:
        """Take an instance's places back; without effect where it holds none.

        One that waits for a trigger or for people keeps some, see `Released`.
        """
        run = self._runs.get(run_pk)
        held = 0 if run is None else run.held.pop(key, 0)
        if run is None or not held:
            return
        queue = run.queues[key.task_id]
        kept = held & _kept(queue, waits) if waits is not None else 0
        if kept:
            run.held[key] = kept
        self._free(queue, held & ~kept)

    def admit(self, limit: int | None = None) -> list[Admittee]:
        """Give places to as many instances as there is room for, at most `limit`, best first."""
        admitted: list[Admittee] = []
        while (limit is None or len(admitted) < limit) and self._has_room:
            lane = self._open.pop()
            if lane is None:
                break
            self._serve(lane, admitted)
        return admitted

    def why_held(self, run_pk: int, key: TaskKey) -> Reason:
        """What keeps a waiting instance from being admitted. Raises `NotFoundError`."""
        queue = self._run(run_pk).queues.get(key.task_id)
        if queue is None or key.map_index not in queue:
            raise NotFoundError(f"{key} of run {run_pk} is not waiting for a place")
        return Reason(ReasonCode.WAITS_FOR_PLACE, self._what_stops(queue))

    # How.

    @property
    def _has_room(self) -> bool:
        return self._parallelism <= 0 or self._active < self._parallelism

    def _serve(self, lane: Lane, admitted: list[Admittee]) -> None:
        """Admit the lane's best instance, or put aside what cannot go now.

        Whatever becomes of the lane: where its run and its pool still have room, the next one that
        waits for them comes forward, so that room never stays unused.
        """
        run, pool = lane.run, lane.pool
        if run.is_dropped:
            return
        queue = lane.best()
        if queue is None:
            pass
        elif not pool.admits(run):
            while lane.best() is not None:
                lane.drop_best()
        elif lane.rank != queue.order:
            self._open.push(lane)
        elif not run.has_room:
            run.waiting.push(lane)
            for limit in lane.limits():
                self._wake_task(limit)
        elif not pool.has_room_for(lane.slots):
            pool.wait(lane)
        else:
            self._serve_queue(queue, admitted)
            if lane.best() is not None:
                self._open.push(lane)
        self._wake_run(run)
        self._wake_pool(pool, lane.slots)

    def _serve_queue(self, queue: Queue, admitted: list[Admittee]) -> None:
        task = queue.task
        limit = queue.limit
        in_run = task.max_active_tis_per_dagrun
        if in_run is not None and queue.active >= in_run:
            queue.is_parked = True
        elif limit is not None and not limit.has_room:
            queue.is_parked = True
            limit.waiting.push(queue)
        else:
            key = TaskKey(task.task_id, queue.take())
            self._waiting -= 1
            self._take(queue, key)
            admitted.append(Admittee(queue.run.run_pk, key))
        if limit is not None:
            self._wake_task(limit)

    def _take(self, queue: Queue, key: TaskKey) -> None:
        run = queue.run
        run.held[key] = EVERYTHING
        run.active += 1
        self._active += 1
        queue.active += 1
        queue.pool.used += queue.task.pool_slots
        if queue.limit is not None:
            queue.limit.active += 1

    def _free(self, queue: Queue, places: int) -> None:
        """Give these places back, and let others have them."""
        if places & SLOTS:
            queue.pool.used -= queue.task.pool_slots
        if places & WORKER:
            self._active -= 1
            queue.run.active -= 1
        if places & TASK:
            queue.active -= 1
            if queue.is_parked and queue.home is None:
                self._unpark(queue)
            if queue.limit is not None:
                queue.limit.active -= 1
                self._wake_task(queue.limit)
        if places & WORKER:
            self._wake_run(queue.run)
        if places & SLOTS:
            self._wake_pool(queue.pool)

    def _unpark(self, queue: Queue) -> None:
        queue.is_parked = False
        self._enter(queue)

    def _enter(self, queue: Queue) -> None:
        """Put a queue that has something to offer into its lane, and the lane among the open."""
        if queue.is_parked or queue.is_in_lane or queue.is_empty or queue.run.is_dropped:
            return
        if not queue.pool.admits(queue.run):
            return
        lane = queue.lane
        if lane is None:
            lane = queue.lane = self._lane_for(queue)
        is_best = lane.push(queue)
        if not isinstance(lane.home, Line):
            self._open.push(lane)
        elif is_best:
            may_go = lane.run.has_room and lane.pool.has_room_for(lane.slots)
            (self._open if may_go else lane.home).push(lane)

    def _wake_run(self, run: RunPlaces) -> None:
        if run.waiting and run.has_room:
            lane = run.waiting.pop()
            if lane is not None:
                self._open.push(lane)

    def _wake_pool(self, pool: Pool, slots: int | None = None) -> None:
        for asked, waiting in pool.waiting.items():
            if waiting and (slots is None or asked == slots) and pool.has_room_for(asked):
                lane = waiting.pop()
                if lane is not None:
                    self._open.push(lane)

    def _wake_task(self, limit: TaskLimit) -> None:
        """Let the first queue that waits for the task's limit come forward.

        If its run has no room, the next one comes forward, too. All of them want the same pool:
        where that is full, one is enough.
        """
        while limit.has_room:
            queue = limit.waiting.pop()
            if queue is None:
                return
            self._unpark(queue)
            if not queue.is_empty and not queue.run.is_dropped and queue.run.has_room:
                return

    def _what_stops(self, queue: Queue) -> str:
        task, pool, run, limit = queue.task, queue.pool, queue.run, queue.limit
        in_run = task.max_active_tis_per_dagrun
        if not pool.is_known:
            return f"There is no pool {task.pool!r}; create it or name another."
        if not pool.admits(run):
            mine = "none" if run.team is None else f"the team {run.team!r}"
            return (
                f"Pool {task.pool!r} belongs to the team {pool.team!r}, and its DAG to {mine}; name"
                " a pool of its own team or of no team."
            )
        if 0 <= pool.slots < task.pool_slots:
            return (
                f"It asks for {task.pool_slots} slots of pool {task.pool!r}, which has"
                f" {pool.slots} in all."
            )
        if not pool.has_room_for(task.pool_slots):
            return (
                f"Pool {task.pool!r} has {max(0, pool.slots - pool.used)} of {pool.slots} slots"
                f" free, and it asks for {task.pool_slots}."
            )
        if not run.has_room:
            return f"{run.active} tasks of its run are active, and max_active_tasks is {run.limit}."
        if in_run is not None and queue.active >= in_run:
            return (
                f"{queue.active} of its task are active in this run, and"
                f" max_active_tis_per_dagrun is {in_run}."
            )
        if limit is not None and not limit.has_room:
            return (
                f"{limit.active} of its task are active in all runs, and max_active_tis_per_dag"
                f" is {limit.limit}."
            )
        if not self._has_room:
            return f"{self._active} tasks are active, and parallelism is {self._parallelism}."
        return "It is next and will be admitted at once."

    def _queue(self, run: RunPlaces, task_id: str) -> Queue:
        known = run.queues.get(task_id)
        if known is not None:
            return known
        task = run.dag.tasks.get(task_id)
        if task is None:
            raise NotFoundError(f"DAG {run.dag.dag_id!r} has no task {task_id!r}")
        order = (-task.total_weight, *run.order, run.places[task_id])
        limit: TaskLimit | None = None
        if task.max_active_tis_per_dag is not None:
            limit = self._task_limits.setdefault((run.dag.dag_id, task_id), TaskLimit())
            limit.limit = task.max_active_tis_per_dag
        queue = run.queues[task_id] = Queue(run, task, order, self._pool(task.pool), limit)
        return queue

    @staticmethod
    def _lane_for(queue: Queue) -> Lane:
        asked = (queue.task.pool, queue.task.pool_slots)
        lane = queue.run.lanes.get(asked)
        if lane is None:
            lane = queue.run.lanes[asked] = Lane(queue.run, queue.pool, queue.task.pool_slots)
        return lane

    def _pool(self, name: str) -> Pool:
        pool = self._pools.get(name)
        if pool is None:
            pool = self._pools[name] = Pool(name)
        return pool

    def _run(self, run_pk: int) -> RunPlaces:
        run = self._runs.get(run_pk)
        if run is None:
            raise NotFoundError(f"run {run_pk} is not known to admission; add it first")
        return run


def _kept(queue: Queue, waits: TaskState) -> int:
    """The places that an instance keeps while it waits."""
    kept = TASK if queue.is_limited else 0
    if waits is TaskState.DEFERRED and queue.pool.include_deferred:
        kept |= SLOTS
    return kept
