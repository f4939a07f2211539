"""The core alone: `python -m bench.core [NAME]`. No store, no process, no clock.

`chain`, `layers` and `diamonds` drive many small runs through their machines and one admission, and
count the state changes of task instances that were decided per second. `map` drives one run of a
mapped task with 100,000 instances and one task that reduces them, and measures time and memory.

Times are CPU times, without what it takes to make the events, which is not the core's work. A busy
machine still slows them down; the last line says how fast the interpreter was meanwhile.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from slipstream.core.admission import Admission
from slipstream.core.machine import RunMachine
from slipstream.model.attempt import Succeeded
from slipstream.model.changes import (
    Change,
    InstanceChanged,
    InstancesAdded,
    MapExpanded,
    RangeChanged,
)
from slipstream.model.dag import DagSpec, Literal, TaskSpec
from slipstream.model.events import Admitted, AttemptEnded, AttemptStarted, RunStarted
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RunState, RunType

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PARALLELISM = 32


@dataclass
class Drive:
    """Runs that are driven to their ends as a scheduler would."""

    admission: Admission = field(default_factory=lambda: Admission(PARALLELISM))
    machines: dict[int, RunMachine] = field(default_factory=dict)
    decided: int = 0
    """State changes of task instances."""
    handled: list[tuple[TaskKey, str]] | deque[tuple[TaskKey, str]] = field(default_factory=list)
    """Instances and their attempts."""

    def __post_init__(self) -> None:
        self.admission.set_pool("default_pool", 1_000_000)

    def run(self, dags: Iterable[DagSpec]) -> None:
        """One run of each DAG, all at once."""
        for pk, dag in enumerate(dags, start=1):
            run = DagRun(
                pk=pk,
                dag_id=dag.dag_id,
                run_id=f"run{pk}",
                run_type=RunType.MANUAL,
                state=RunState.QUEUED,
                version_id="version",
                run_after=NOW,
                logical_date=NOW,
            )
            machine = self.machines[pk] = RunMachine(dag, run)
            self.admission.add_run(run, dag)
            self.follow(pk, machine.handle(RunStarted(NOW)))
        live: deque[tuple[int, TaskKey, str]] = deque()
        attempts = 0
        while self.machines:
            for admittee in self.admission.admit():
                attempts += 1
                attempt = f"attempt-{attempts}"
                pk, key = admittee.run_pk, admittee.key
                machine = self.machines[pk]
                self.follow(pk, machine.handle(Admitted(key, attempt, NOW)))
                machine.attempt_for(key)
                live.append((pk, key, attempt))
                self.handled.append((key, attempt))
            pk, key, attempt = live.popleft()
            machine = self.machines[pk]
            self.follow(pk, machine.handle(AttemptStarted(key, attempt, NOW, "host", 1)))
            self.follow(pk, machine.handle(AttemptEnded(key, attempt, NOW, Succeeded())))
            if machine.is_finished:
                assert machine.run.state is RunState.SUCCESS, machine.run.reason
                self.admission.drop_run(pk)
                del self.machines[pk]

    def make_events(self) -> float:
        """The seconds that it takes to make all events once more."""
        begun = time.process_time()
        for key, attempt in self.handled:
            Admitted(key, attempt, NOW)
            AttemptStarted(key, attempt, NOW, "host", 1)
            AttemptEnded(key, attempt, NOW, Succeeded())
        return time.process_time() - begun

    def follow(self, pk: int, changes: list[Change]) -> None:
        """Pass readiness and places on, and count what was decided."""
        self.admission.apply(pk, changes)
        for change in changes:
            if isinstance(change, InstanceChanged):
                self.decided += 1
            elif isinstance(change, RangeChanged):
                self.decided += change.stop - change.start
            elif isinstance(change, MapExpanded):
                self.decided += change.length
            elif isinstance(change, InstancesAdded):
                self.decided += len(change.instances)


def dag_of(upstream: dict[str, tuple[str, ...]], **more: TaskSpec) -> DagSpec:
    """A DAG with these edges; `more` replaces tasks."""
    down: dict[str, list[str]] = {task_id: [] for task_id in upstream}
    for task_id, above in upstream.items():
        for other in above:
            down[other].append(task_id)
    tasks = {
        task_id: replace(
            more.get(task_id, TaskSpec(task_id=task_id)),
            upstream=above,
            downstream=tuple(down[task_id]),
        )
        for task_id, above in upstream.items()
    }
    return DagSpec(dag_id="bench", tasks=tasks, max_active_tasks=100)


def chain(length: int) -> DagSpec:
    """One task after the other."""
    ids = [f"t{at:04}" for at in range(length)]
    return dag_of({of: ids[at - 1 : at] and (ids[at - 1],) for at, of in enumerate(ids)})


def layers(depth: int, width: int) -> DagSpec:
    """Layers, each task of which waits for the whole layer before."""
    above: tuple[str, ...] = ()
    upstream: dict[str, tuple[str, ...]] = {}
    for layer in range(depth):
        ids = tuple(f"t{layer}_{at}" for at in range(width))
        upstream.update(dict.fromkeys(ids, above))
        above = ids
    return dag_of(upstream)


def diamonds(number: int) -> DagSpec:
    """A task, three beside each other, one that joins them, and so on."""
    upstream: dict[str, tuple[str, ...]] = {"join0": ()}
    for at in range(number):
        middle = tuple(f"middle{at}_{of}" for of in "abc")
        upstream.update(dict.fromkeys(middle, (f"join{at}",)))
        upstream[f"join{at + 1}"] = middle
    return dag_of(upstream)


def mapped(length: int) -> DagSpec:
    """One mapped task and one that reduces it."""
    fan = TaskSpec(task_id="fan", mapped=Literal(length))
    return dag_of({"fan": (), "reduce": ("fan",)}, fan=fan)


WORKS: dict[str, Callable[[], list[DagSpec]]] = {
    "chain": lambda: [chain(40)] * 250,
    "layers": lambda: [layers(5, 10)] * 200,
    "diamonds": lambda: [diamonds(10)] * 250,
    "map": lambda: [mapped(100_000)],
}


def measure(name: str) -> str:
    """One line about one work."""
    dags = WORKS[name]()
    gc.collect()
    drive = Drive()
    begun = time.process_time()
    drive.run(dags)
    seconds = time.process_time() - begun - drive.make_events()
    line = f"{name:10} {drive.decided:8,} state changes in {seconds:6.2f} s"
    line += f" = {drive.decided / seconds:9,.0f} per second"
    if name == "map":
        tracemalloc.start()
        Drive(handled=deque(maxlen=1)).run(dags)
        line += f", at most {tracemalloc.get_traced_memory()[1] / 1e6:.1f} MB"
        tracemalloc.stop()
    return line


def calibration() -> str:
    """How fast the interpreter is right now."""
    begun = time.process_time()
    total = 0
    for number in range(2_000_000):
        total += number & 7
    return f"the interpreter made {2 / (time.process_time() - begun):.0f} million loops per second"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for, by default all."""
    parser = argparse.ArgumentParser(prog="python -m bench.core", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {', '.join(WORKS)}")
    for name in parser.parse_args(arguments).names or WORKS:
        print(measure(name), flush=True)
    print(calibration())
    return 0


if __name__ == "__main__":
    sys.exit(main())
