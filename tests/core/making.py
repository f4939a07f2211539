"""Short ways to make what the tests of the core talk about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from slipstream.core.machine import RunMachine
from slipstream.model.attempt import Outcome, Succeeded
from slipstream.model.changes import (
    AttemptCancelled,
    Change,
    InstanceChanged,
    InstancesAdded,
    PastNeeded,
    Ready,
    Released,
    TimerSet,
    Unready,
)
from slipstream.model.dag import DagSpec, GroupSpec, TaskSpec
from slipstream.model.events import (
    Admitted,
    AttemptEnded,
    AttemptStarted,
    Event,
    RunStarted,
    TimerFired,
)
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import RunState, RunType, TaskState

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def task(task_id: str, *upstream: str, **more: object) -> TaskSpec:
    """A task below others."""
    return TaskSpec(task_id=task_id, upstream=upstream, **more)  # type: ignore[arg-type]


def dag(*tasks: TaskSpec, groups: Iterable[GroupSpec] = (), **more: object) -> DagSpec:
    """A DAG of tasks in topological order; what is downstream is filled in."""
    below: dict[str, list[str]] = {of.task_id: [] for of in tasks}
    for of in tasks:
        for above in of.upstream:
            below[above].append(of.task_id)
    return DagSpec(
        dag_id="dag",
        tasks={of.task_id: replace(of, downstream=tuple(below[of.task_id])) for of in tasks},
        groups={group.group_id: group for group in groups},
        **more,  # type: ignore[arg-type]
    )


def run(pk: int = 1, **more: object) -> DagRun:
    """A queued manual run."""
    known: dict[str, object] = {
        "pk": pk,
        "dag_id": "dag",
        "run_id": f"run{pk}",
        "run_type": RunType.MANUAL,
        "state": RunState.QUEUED,
        "version_id": "version",
        "run_after": BEGIN,
        "logical_date": BEGIN,
    }
    return DagRun(**{**known, **more})  # type: ignore[arg-type]


@dataclass
class Played:
    """A run that a test plays step by step, with everything that was said about it."""

    dag: DagSpec
    run: DagRun = field(default_factory=run)
    now: datetime = BEGIN
    machine: RunMachine = field(init=False)
    said: list[Change] = field(default_factory=list)
    ready: list[TaskKey] = field(default_factory=list)
    attempts: dict[TaskKey, str] = field(default_factory=dict)
    tries: int = 0

    def __post_init__(self) -> None:
        self.machine = RunMachine(self.dag, self.run)

    def tell(self, event: Event) -> list[Change]:
        """Let it happen; gives what followed."""
        changes = self.machine.handle(event)
        self.hear(changes)
        return changes

    def hear(self, changes: list[Change]) -> None:
        self.said += changes
        for change in changes:
            if isinstance(change, Ready):
                self.ready += keys(change)
            elif isinstance(change, Unready):
                taken = set(keys(change))
                self.ready = [key for key in self.ready if key not in taken]

    def start(self) -> list[Change]:
        return self.tell(RunStarted(self.now))

    def admit(self, task_id: str, index: int = UNMAPPED) -> list[Change]:
        key = TaskKey(task_id, index)
        self.ready.remove(key)
        self.tries += 1
        self.attempts[key] = f"attempt{self.tries}"
        return self.tell(Admitted(key, self.attempts[key], self.now))

    def begin(self, task_id: str, index: int = UNMAPPED) -> list[Change]:
        key = TaskKey(task_id, index)
        return self.tell(AttemptStarted(key, self.attempts[key], self.now, "host", 42))

    def end(
        self, task_id: str, outcome: Outcome | None = None, index: int = UNMAPPED
    ) -> list[Change]:
        key = TaskKey(task_id, index)
        self.now += timedelta(seconds=1)
        return self.tell(AttemptEnded(key, self.attempts[key], self.now, outcome or Succeeded()))

    def do(
        self, task_id: str, outcome: Outcome | None = None, index: int = UNMAPPED
    ) -> list[Change]:
        """From ready to the end of the attempt."""
        self.admit(task_id, index)
        self.begin(task_id, index)
        return self.end(task_id, outcome, index)

    def fire(self, timer: TimerSet) -> list[Change]:
        self.now = max(self.now, timer.at)
        return self.tell(TimerFired(timer.kind, self.now, timer.key))

    def finish(self, outcome: Callable[[TaskKey], Outcome] = lambda _: Succeeded()) -> None:
        """Do everything that is ready until nothing is."""
        while self.ready:
            key = self.ready[0]
            self.do(key.task_id, outcome(key), key.map_index)

    def state(self, task_id: str, index: int = UNMAPPED) -> TaskState:
        return self.machine.state(TaskKey(task_id, index))

    def states(self) -> dict[str, str]:
        """`{task id, with [index] where mapped: state}`."""
        return {
            of if index == UNMAPPED else f"{of}[{index}]": state.value
            for (of, index), state in self.machine.states()
        }

    def reason(self, task_id: str, index: int = UNMAPPED) -> str:
        """What was last written about an instance."""
        return self.row(task_id, index).reason

    def row(self, task_id: str, index: int = UNMAPPED) -> TaskInstance:
        """What was last written of an instance."""
        key = TaskKey(task_id, index)
        for change in reversed(self.said):
            if isinstance(change, InstanceChanged) and change.instance.key == key:
                return change.instance
            if isinstance(change, InstancesAdded):
                for instance in change.instances:
                    if instance.key == key:
                        return instance
        raise AssertionError(f"nothing was written of {key}")


def keys(change: Ready | Unready) -> list[TaskKey]:
    task_id, first = change.key
    return [TaskKey(task_id, first + more) for more in range(change.count)]


def timers(changes: Iterable[Change]) -> list[TimerSet]:
    return [change for change in changes if isinstance(change, TimerSet)]


def released(changes: Iterable[Change]) -> list[TaskKey]:
    return [change.key for change in changes if isinstance(change, Released)]


def cancelled(changes: Iterable[Change]) -> list[str]:
    return [change.attempt_id for change in changes if isinstance(change, AttemptCancelled)]


def asked_past(changes: Iterable[Change]) -> list[TaskKey]:
    return [change.key for change in changes if isinstance(change, PastNeeded)]
