"""The reference interpreter beside the scheduler: both must say the same after every commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tests.reference.interpreter import Reference

from slipstream.model.dag import DagSpec
from slipstream.model.events import AttemptEnded, AttemptStarted, Event, TriggerEnded
from slipstream.model.run import TaskKey
from slipstream.model.states import RunState, TaskState
from slipstream.services.scheduler import Scheduler
from slipstream.services.scheduler.active import ActiveRun
from slipstream.store.records import InstanceInRun, RunSnapshot, RunWrite
from slipstream.testing.world import World


class Following:
    """Tells the reference of each run what its machine was told, once that is written.

    What a machine was told and did not get to write is forgotten with the machine. So the
    reference knows the events in the order in which they came to count.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._references: dict[int, Reference] = {}
        self._told: dict[int, list[Event | datetime]] = {}
        """What each machine was told since its last write; a moment where it was made anew."""
        self._touched: set[int] = set()
        """Runs that people had to help on: the reference knows nothing of people."""
        self._apply, self._mark = world.store.apply, world.store.set_instances_state
        world.store.apply, world.store.set_instances_state = self.apply, self.mark
        world.on_scheduler = self.watch
        self.watch(world.scheduler)

    def watch(self, scheduler: Scheduler) -> None:
        """Listen to what the machines of a new scheduler are told."""
        active = scheduler._memory.active
        feed, open_run, suspend = active.feed, active.open, active.suspend
        self._told.clear()

        def feed_and_tell(run: ActiveRun, event: Event) -> None:
            self._told[run.pk].append(event)
            feed(run, event)

        def open_and_tell(snapshot: RunSnapshot, dag: DagSpec, now: datetime) -> ActiveRun:
            self._told[snapshot.run.pk] = [now]
            return open_run(snapshot, dag, now)

        def suspend_and_forget(run_pk: int) -> None:
            self._told.pop(run_pk, None)
            suspend(run_pk)

        active.feed, active.open, active.suspend = feed_and_tell, open_and_tell, suspend_and_forget

    def apply(self, writes: Sequence[RunWrite]) -> frozenset[int]:
        """Write, and let the references catch up with what was written."""
        refused = self._apply(writes)
        for write in writes:
            if write.run_pk not in refused | self._touched:
                self._catch_up(write.run_pk)
        return refused

    def mark(
        self, run_pk: int, keys: Sequence[TaskKey], state: TaskState
    ) -> Sequence[InstanceInRun]:
        """Somebody marks instances: from here on the run goes its own way."""
        self._touched.add(run_pk)
        return self._mark(run_pk, keys, state)

    def _catch_up(self, run_pk: int) -> None:
        reference = self._reference(run_pk)
        told, self._told[run_pk] = self._told[run_pk], []
        for event in told:
            if isinstance(event, datetime):
                if reference.state is RunState.RUNNING:
                    reference.resume(event)
            elif self._concerns(reference, event):
                reference.handle(event)
        self._compare(run_pk, reference)

    def _reference(self, run_pk: int) -> Reference:
        found = self._references.get(run_pk)
        if found is None:
            run = self._world.store.load_run(run_pk).run
            dag = self._world.store.get_version(run.version_id).spec
            found = Reference(dag, replace(run, state=RunState.QUEUED))
            self._references[run_pk] = found
        return found

    @staticmethod
    def _concerns(reference: Reference, event: Event) -> bool:
        """Reports about an instance that is no part of the run are for nobody."""
        if not isinstance(event, AttemptStarted | AttemptEnded | TriggerEnded):
            return True
        return event.key.map_index in reference.rows.get(event.key.task_id, {})

    def _compare(self, run_pk: int, reference: Reference) -> None:
        expected = {
            TaskKey(task_id, index): row.state.value
            for task_id, rows in reference.rows.items()
            for index, row in rows.items()
        }
        found = {key: row.state.value for key, row in self._world.store.instances(run_pk).items()}
        differences = [
            f"{key} is {found.get(key)}, expected {expected.get(key)}"
            for key in sorted({*found, *expected})
            if found.get(key) != expected.get(key)
        ]
        state = self._world.store.load_run(run_pk).run.state
        if state is not reference.state:
            differences.append(f"the run is {state}, expected {reference.state}")
        assert not differences, f"run {run_pk}: {'; '.join(differences)}"
