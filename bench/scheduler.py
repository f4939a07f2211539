"""The scheduler on a real SQLite store, without processes: `python -m bench.scheduler [NAME]`.

`map` drives a run of 100,000 mapped tasks and one that reduces them, `chain` a run of 1,000 tasks
in a row, `runs` 1,000 runs of one task. The executor says at once that each attempt has started and
succeeded, so that what is measured is the loop, the core and the store.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from slipstream.model.attempt import Attempt, Succeeded, XComWrite
from slipstream.model.dag import DagSpec, TaskSpec, Upstream
from slipstream.model.states import RunState, RunType, TriggeredBy
from slipstream.model.version import ParsedFile
from slipstream.services.scheduler import Scheduler
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.records import NewRun, RunFilter, Window
from slipstream.testing.fake_executor import FakeExecutor, Script

PARALLELISM = 32
MAPPED = 100_000
CHAINED = 1_000
RUNS = 1_000


def map_dag() -> DagSpec:
    """One task that pushes a list, as many mapped tasks, and one that reduces them."""
    return DagSpec(
        dag_id="map",
        tasks={
            "items": TaskSpec(task_id="items", downstream=("each",)),
            "each": TaskSpec(
                task_id="each",
                upstream=("items",),
                downstream=("reduce",),
                mapped=Upstream("items"),
            ),
            "reduce": TaskSpec(task_id="reduce", upstream=("each",)),
        },
        max_active_tasks=PARALLELISM,
    )


def chain_dag() -> DagSpec:
    """One task after the other."""
    names = [f"t{number}" for number in range(CHAINED)]
    tasks = {
        name: TaskSpec(
            task_id=name,
            upstream=tuple(names[max(0, at - 1) : at]),
            downstream=tuple(names[at + 1 : at + 2]),
        )
        for at, name in enumerate(names)
    }
    return DagSpec(dag_id="chain", tasks=tasks)


def runs_dag() -> DagSpec:
    """A single task."""
    return DagSpec(dag_id="runs", tasks={"t": TaskSpec(task_id="t")})


WORKS: dict[str, tuple[Callable[[], DagSpec], int]] = {
    "map": (map_dag, 1),
    "chain": (chain_dag, 1),
    "runs": (runs_dag, RUNS),
}
"""What to run, and how often."""


def outcome(attempt: Attempt) -> Script:
    """Each task succeeds; a task called `items` pushes a list."""
    if attempt.task_id == "items":
        value = XComWrite("return_value", "[]", MAPPED)
        return Script(outcome=Succeeded(xcoms=(value,), lengths={"return_value": MAPPED}))
    return Script(outcome=Succeeded(xcoms=(XComWrite("return_value", "1"),)))


def main() -> int:
    """Run each work in a database of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench.scheduler", description=__doc__)
    parser.add_argument("name", nargs="?", choices=WORKS)
    options = parser.parse_args()
    for name in [options.name] if options.name else WORKS:
        with tempfile.TemporaryDirectory() as folder:
            measure(name, Path(folder))
    return 0


def measure(name: str, folder: Path) -> None:
    """Run one work to its end, and say what it took."""
    make, number = WORKS[name]
    store = open_store(f"sqlite:///{folder / 'bench.db'}", xcom_url=str(folder / "xcom"))
    store.migrate()
    trigger(store, make(), number)
    scheduler = Scheduler(store, FakeExecutor(outcome, now), parallelism=PARALLELISM)
    scheduler.open()
    begun = time.perf_counter()
    cpu_begun = time.process_time()
    while not scheduler.is_idle or scheduler.next_wake is not None:
        scheduler.run_once(0.1)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu_begun
    ended = store.list_runs(RunFilter(states=[RunState.SUCCESS]), Window(limit=1)).total
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {seconds:.2f} s ({cpu:.2f} s of CPU), {ended} of {number} runs well, "
        f"at most {megabytes:.0f} MB"
    )
    scheduler.stop()
    store.close()


def trigger(store: Store, dag: DagSpec, number: int) -> None:
    """Store the DAG and runs of it."""
    parsed = ParsedFile(
        fileloc="/dags/bench.py", relative_fileloc="bench.py", dags=(dag,), parsed_at=now()
    )
    version = store.record_parsed([parsed])[dag.dag_id]
    store.set_paused([dag.dag_id], False)
    for at in range(number):
        store.create_run(
            NewRun(
                dag_id=dag.dag_id,
                run_id=f"run{at}",
                run_type=RunType.MANUAL,
                version_id=version.version_id,
                run_after=now(),
                triggered_by=TriggeredBy.TEST,
            )
        )


def now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
