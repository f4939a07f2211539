"""What people do in a simulated world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random

from slipstream.core.timetable import Interval, RunInfo
from slipstream.model.backfill import ReprocessBehavior
from slipstream.model.dag import DagSpec
from slipstream.model.errors import AlreadyExistsError, ConflictError
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RunState, RunType, TaskState, TriggeredBy
from slipstream.store.backfill_records import NewBackfill
from slipstream.store.records import (
    NewRun,
)
from slipstream.testing.memory_store import MemoryStore
from slipstream.testing.virtual_time import START, VirtualTime

_SOON = (0.0, 0.5, 2.0, 15.0, 60.0, 400.0)


class People:
    """They act at random moments, on whatever is there."""

    def __init__(
        self, store: MemoryStore, time: VirtualTime, chance: Random, note: Callable[[str], None]
    ) -> None:
        self._store = store
        self._time = time
        self._chance = chance
        self._note = note
        self._largest: dict[str, int] = {}
        self._triggered = 0

    def plan(self, actions: int) -> None:
        """Decide when to act."""
        moment = 0.0
        for _ in range(actions):
            moment += self._chance.choice(_SOON)
            self._time.call_in(moment, self._act)

    def largest_pools(self, pools: Mapping[str, int]) -> Mapping[str, int]:
        """`{pool: the most slots that it ever had}`: what a scheduler may believe it has."""
        return {name: max(slots, self._largest.get(name, slots)) for name, slots in pools.items()}

    def _act(self) -> None:
        action = self._chance.choice(
            (
                self._clear,
                self._clear,
                self._answer,
                self._answer,
                self._mark,
                self._mark_run,
                self._pause,
                self._resize,
                self._trigger,
                self._backfill,
                self._stop_backfill,
                self._delete,
                self._change_dag,
            )
        )
        action()

    def _some_run(self) -> DagRun | None:
        runs = self._store.runs()
        return self._chance.choice(runs) if runs else None

    def _some_keys(self, run: DagRun) -> list[TaskKey]:
        keys = sorted(self._store.instances(run.pk))
        return self._chance.sample(keys, self._chance.randint(1, len(keys))) if keys else []

    def _clear(self) -> None:
        run = self._some_run()
        if run is not None:
            keys = self._with_all_below(run, self._some_keys(run))
            self._note(f"cleared of run {run.pk}: {keys}")
            self._store.clear_instances(run.pk, keys)

    def _with_all_below(self, run: DagRun, keys: list[TaskKey]) -> list[TaskKey]:
        """The keys and every instance downstream of them, as people clear by default."""
        spec = self._store.get_version(run.version_id).spec
        names = {key.task_id for key in keys}
        for task_id, task in spec.tasks.items():
            if names.intersection(task.upstream):
                names.add(task_id)
        return [
            key
            for key, instance in self._store.instances(run.pk).items()
            if (key in keys or key.task_id in names) and instance.state is not TaskState.REMOVED
        ]

    def _answer(self) -> None:
        """Answer what a task asks, or is about to ask."""
        run = self._some_run()
        if run is not None:
            for key in self._some_keys(run):
                if self._store.answer(run.pk, key, answered_by(self._store, run.pk, key)):
                    self._note(f"answered {key} of run {run.pk}")

    def _mark(self) -> None:
        run = self._some_run()
        if run is not None:
            keys = self._some_keys(run)
            state = self._chance.choice((TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED))
            self._note(f"marked {state} of run {run.pk}: {keys}")
            self._store.set_instances_state(run.pk, keys, state)

    def _mark_run(self) -> None:
        run = self._some_run()
        if run is not None:
            state = self._chance.choice((RunState.SUCCESS, RunState.FAILED, RunState.QUEUED))
            self._note(f"marked run {run.pk} {state}")
            self._store.set_run_state(run.dag_id, run.run_id, state)

    def _pause(self) -> None:
        dag_id = self._chance.choice(self._store.dag_ids())
        self._note(f"paused {dag_id}")
        self._store.set_paused([dag_id], True)
        self._time.call_in(
            self._chance.choice(_SOON), lambda: self._store.set_paused([dag_id], False)
        )

    def _resize(self) -> None:
        pool = self._chance.choice(self._store.pools())
        slots = self._chance.choice((0, 1, 2, 3, 8))
        self._largest[pool.name] = max(slots, pool.slots, self._largest.get(pool.name, 0))
        self._note(f"pool {pool.name} has {slots} slots")
        self._store.set_pool(replace(pool, slots=slots))

    def _trigger(self) -> None:
        dag_id = self._chance.choice(self._store.dag_ids())
        self._triggered += 1
        now = self._time.now()
        new = NewRun(
            dag_id=dag_id,
            run_id=f"asked{self._triggered}",
            run_type=RunType.MANUAL,
            version_id=self._store.get_dag(dag_id).latest.version_id,
            run_after=now,
            logical_date=self._chance.choice((None, now)),
            triggered_by=TriggeredBy.UI,
        )
        try:
            self._note(f"triggered {dag_id}")
            self._store.create_run(new)
        except AlreadyExistsError:
            self._note("that moment is taken")

    def _backfill(self) -> None:
        """Days of before the world began, in either order; some may have their runs already."""
        dag_id = self._chance.choice(self._store.dag_ids())
        starts = [START - timedelta(days=day) for day in range(1, self._chance.randint(2, 9))]
        runs = [
            RunInfo(run_after=at + timedelta(days=1), interval=Interval(at, at + timedelta(days=1)))
            for at in starts
        ]
        new = NewBackfill(
            dag_id=dag_id,
            from_date=starts[-1],
            to_date=starts[0],
            reprocess=self._chance.choice(tuple(ReprocessBehavior)),
            max_active_runs=self._chance.randint(1, 3),
            on_latest_version=self._chance.random() < 0.5,
        )
        try:
            made = self._store.create_backfill(new, runs)
            self._note(f"backfill {made.pk} of {dag_id}: {len(runs)} dates")
        except ConflictError:
            self._note(f"{dag_id} is backfilled already")

    def _stop_backfill(self) -> None:
        found = self._store.open_backfills()
        if not found:
            return
        number = self._chance.choice(found).pk
        if self._chance.random() < 0.3:
            self._note(f"cancelled backfill {number}")
            self._store.cancel_backfill(number)
            return
        self._note(f"paused backfill {number}")
        self._store.set_backfill_paused(number, True)
        self._time.call_in(self._chance.choice(_SOON), lambda: self._go_on(number))

    def _go_on(self, number: int) -> None:
        if self._store.get_backfill(number).completed_at is None:
            self._store.set_backfill_paused(number, False)

    def _delete(self) -> None:
        run = self._some_run()
        if run is None:
            return
        try:
            self._store.delete_run(run.dag_id, run.run_id)
            self._note(f"deleted run {run.pk}")
        except ConflictError:
            self._note(f"run {run.pk} cannot be deleted")

    def _change_dag(self) -> None:
        dag_id = self._chance.choice(self._store.dag_ids())
        spec = self._store.get_dag(dag_id).latest.spec
        self._note(f"changed {dag_id}")
        self._store.put_dag(_without_last_task(spec))


def answered_by(store: MemoryStore, run_pk: int, key: TaskKey) -> str:
    """What an instance goes on with that people have answered."""
    instance = store.instances(run_pk)[key]
    return f'{{"answered":"{instance.attempt_id}"}}'


def _without_last_task(spec: DagSpec) -> DagSpec:
    if len(spec.tasks) < 2 or spec.groups:
        return spec
    *kept, last = spec.tasks.values()
    return replace(
        spec,
        tasks={
            task.task_id: replace(
                task, downstream=tuple(of for of in task.downstream if of != last.task_id)
            )
            for task in kept
        },
    )
