from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from slipstream.model.attempt import Attempt, Succeeded
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RunType, TaskState
from slipstream.services.scheduler import Scheduler
from slipstream.store.records import NewRun
from slipstream.testing.fake_executor import FakeExecutor, Script
from slipstream.testing.memory_store import MemoryStore
from slipstream.testing.virtual_time import VirtualTime


def dag(dag_id: str = "d", *, tasks: Iterable[TaskSpec], **more: object) -> DagSpec:
    """A DAG spec; downstream edges are derived from the upstream ones."""
    specs = {task.task_id: task for task in tasks}
    below: dict[str, list[str]] = {task_id: [] for task_id in specs}
    for task in specs.values():
        for above in task.upstream:
            below[above].append(task.task_id)
    from dataclasses import replace

    return DagSpec(
        dag_id=dag_id,
        fileloc=f"/dags/{dag_id}.py",
        tasks={
            task_id: replace(task, downstream=tuple(below[task_id]))
            for task_id, task in specs.items()
        },
        **more,  # type: ignore[arg-type]  # The callers' keywords are DagSpec's.
    )


def chain(length: int, dag_id: str = "d", **more: object) -> DagSpec:
    tasks = [TaskSpec(task_id=f"t{n}", upstream=(f"t{n - 1}",) if n else ()) for n in range(length)]
    return dag(dag_id, tasks=tasks, **more)


class Bench:
    """A scheduler with everything around it, on virtual time."""

    def __init__(self) -> None:
        self.time = VirtualTime()
        numbers = count(1)
        self.new_id: Callable[[], str] = lambda: f"id{next(numbers):05d}"
        self.store = MemoryStore(self.time.now, self.new_id)
        self.script: Callable[[Attempt], Script] = lambda attempt: Script(
            outcome=Succeeded(), ends_after=1.0
        )
        self.submitted: list[Attempt] = []
        self.executor = self.new_executor()
        self.scheduler = self.new_scheduler()

    def new_executor(self) -> FakeExecutor:
        return FakeExecutor(self._author, self.time.now, self.time.call_in)

    def _author(self, attempt: Attempt) -> Script:
        self.submitted.append(attempt)
        return self.script(attempt)

    def new_scheduler(self, **more: Any) -> Scheduler:
        return Scheduler(self.store, self.executor, clock=self.time.now, new_id=self.new_id, **more)

    def trigger(self, dag_id: str = "d", run_id: str = "r1", *, days: int = 0) -> DagRun:
        at = self.time.now() + timedelta(days=days)
        return self.store.create_run(
            NewRun(
                dag_id=dag_id,
                run_id=run_id,
                run_type=RunType.MANUAL,
                version_id=self.store.get_dag(dag_id).latest.version_id,
                run_after=at,
                logical_date=at,
                triggered_by="test",
            )
        )

    def step(self) -> None:
        """Let the scheduler do what it can without time passing."""
        while self.scheduler.run_once(0) or self.scheduler.next_wake == self.time.now():
            pass

    def run(self, seconds: float = 3600.0) -> None:
        """Let so much time pass."""
        limit = self.time.now() + timedelta(seconds=seconds)
        self.step()
        while True:
            moments = [self.time.next_at(), self.scheduler.next_wake]
            at = min((moment for moment in moments if moment is not None), default=limit)
            self.time.advance_to(min(at, limit))
            self.step()
            if at >= limit:
                break

    def states(self, run: DagRun) -> dict[str, TaskState]:
        return {
            key.task_id if key.map_index < 0 else f"{key.task_id}[{key.map_index}]": found.state
            for key, found in self.store.instances(run.pk).items()
        }

    def state(self, run: DagRun) -> str:
        return self.store.load_run(run.pk).run.state.value

    def keys(self, *task_ids: str) -> list[TaskKey]:
        return [TaskKey(task_id) for task_id in task_ids]


@pytest.fixture
def bench() -> Bench:
    return Bench()
