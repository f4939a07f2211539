"""The store alone: `python -m bench.store [--url URL | --postgres] [--instances N]`.

What a scheduler does to it: opening, the small commits between two tasks of a chain, the large ones
of a wide map, reading a run back, and recording parsed files. Times are wall times, medians where
there are many. Without a URL it is an SQLite file in a folder of its own; `--postgres` starts a
server from the machine's binaries.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import TypeVar

from slipstream.model.attempt import XComWrite
from slipstream.model.changes import (
    InstanceChanged,
    InstancesAdded,
    MapExpanded,
    RangeChanged,
    RunChanged,
)
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.ids import new_uuid7
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.model.version import DagVersion, ParsedFile
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.records import NewRun, RunWrite

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHAIN = 40
CHAINS = 12
FILES = 200
A = TypeVar("A")
B = TypeVar("B")
PUSHED = (XComWrite("return_value", '{"rows": 1}', 1),)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.store", description=__doc__)
    parser.add_argument("--url", help="of an empty database")
    parser.add_argument("--postgres", action="store_true", help="on a server of its own")
    parser.add_argument("--instances", type=int, default=20_000, help="of the wide map")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="slipstream-bench-") as folder:
        if options.postgres:
            with _postgres() as url:
                measure(url, folder, options.instances)
        else:
            measure(options.url or f"sqlite:///{folder}/bench.db", folder, options.instances)


def measure(url: str, folder: str, instances: int) -> None:
    """All figures of one database."""
    for what in ("opened fresh", "opened again"):
        started = time.perf_counter()
        store = open_store(url, xcom_url=f"{folder}/xcom")
        store.migrate()
        show(what, (time.perf_counter() - started) * 1e3, "ms")
        store.close()
    store = open_store(url, xcom_url=f"{folder}/xcom")
    record_files(store)
    version = store.record_parsed([_file("bench", tasks=CHAIN)])["bench"]
    walk_chains(store, version)
    widen_a_map(store, version, instances)
    store.close()


def record_files(store: Store) -> None:
    """Files that are new, then changed, then the same."""
    for what, edition in (("new", 1), ("changed", 2), ("unchanged", 2)):
        files = [_file(f"dag{number}", tasks=8, edition=edition) for number in range(FILES)]
        started = time.perf_counter()
        for at in range(0, FILES, 20):
            store.record_parsed(files[at : at + 20])
        show(f"file recorded, {what}", (time.perf_counter() - started) / FILES * 1e3, "ms")


def walk_chains(store: Store, version: DagVersion) -> None:
    """The commits of a chain: a task ends and the next one is queued; a task has started."""
    handed_on: list[float] = []
    started: list[float] = []
    created: list[float] = []
    for number in range(CHAINS):
        run = clocked(created, store.create_run, _new(version, f"chain{number}"))
        instances = [TaskInstance(run_pk=run.pk, task_id=name) for name in version.spec.tasks]
        store.apply([RunWrite(run.pk, 0, [InstancesAdded(tuple(instances)), _running(run)])])
        revision = 1
        current: TaskInstance | None = None
        for instance in instances:
            queued = _queued(instance)
            changes = [InstanceChanged(queued)]
            if current is not None:
                changes.insert(0, InstanceChanged(_ended(current), PUSHED))
            write = [RunWrite(run.pk, revision, changes)]
            clocked(handed_on, store.apply, write)
            current = replace(queued, state=TaskState.RUNNING, start_date=NOW, pid=1)
            write = [RunWrite(run.pk, revision + 1, [InstanceChanged(current)])]
            clocked(started, store.apply, write)
            revision += 2
    for what, times in (
        ("run created", created),
        ("commit: task ended, XCom, next one queued", handed_on),
        ("commit: task started", started),
    ):
        show(what, median(times) * 1e3, "ms", f"95 %: {quantiles(times, n=20)[-1] * 1e3:.2f}")


def widen_a_map(store: Store, version: DagVersion, count: int) -> None:
    """Every instance of a wide map through its states, each in one commit."""
    run = store.create_run(_new(version, "map"))
    fresh = [
        TaskInstance(run_pk=run.pk, task_id="t1", map_index=index, state=TaskState.SCHEDULED)
        for index in range(count)
    ]
    queued = [_queued(instance) for instance in fresh]
    running = [replace(one, state=TaskState.RUNNING, start_date=NOW, pid=1) for one in queued]
    batches: list[tuple[str, Sequence[InstanceChanged | MapExpanded | RangeChanged]]] = [
        ("expanded", [MapExpanded("t1", count, 0)]),
        ("scheduled", [RangeChanged("t1", 0, count, TaskState.SCHEDULED, NOW, "Ready.")]),
        ("queued", [InstanceChanged(one) for one in queued]),
        ("started", [InstanceChanged(one) for one in running]),
        ("ended", [InstanceChanged(_ended(one)) for one in running]),
        ("ended, each with an XCom", [InstanceChanged(_ended(one), PUSHED) for one in running]),
    ]
    for revision, (what, changes) in enumerate(batches):
        rate(f"instances {what}", count, run, store, RunWrite(run.pk, revision, changes))
    other = store.create_run(_new(version, "added"))
    added = InstancesAdded(tuple(replace(instance, run_pk=other.pk) for instance in fresh))
    rate("instances added", count, other, store, RunWrite(other.pk, 0, [added]))
    started = time.perf_counter()
    store.load_run(run.pk)
    show("instances loaded", count / (time.perf_counter() - started), "/s")


def rate(what: str, count: int, run: DagRun, store: Store, write: RunWrite) -> None:
    """How many instances a second one commit writes."""
    started = time.perf_counter()
    refused = store.apply([write])
    elapsed = time.perf_counter() - started
    assert not refused, run
    show(what, count / elapsed, "/s")


def clocked(times: list[float], work: Callable[[A], B], given: A) -> B:
    """What the work gives; its time is noted."""
    started = time.perf_counter()
    done = work(given)
    times.append(time.perf_counter() - started)
    return done


def show(what: str, value: float, unit: str, more: str = "") -> None:
    """One figure."""
    print(f"{what:<45}{value:>12,.2f} {unit:<4}{more}", flush=True)


def _file(dag_id: str, *, tasks: int, edition: int = 1) -> ParsedFile:
    spec = DagSpec(
        dag_id=dag_id,
        tasks={f"t{number}": TaskSpec(task_id=f"t{number}") for number in range(tasks)},
        tags=("bench",),
    )
    return ParsedFile(
        fileloc=f"/dags/{dag_id}.py",
        relative_fileloc=f"{dag_id}.py",
        dags=(spec,),
        sources={f"{dag_id}.py": f"# {dag_id} {edition}", "lib.py": "x = 1\n" * 200},
        parsed_at=NOW,
    )


def _new(version: DagVersion, run_id: str) -> NewRun:
    return NewRun(
        dag_id=version.dag_id,
        run_id=run_id,
        run_type=RunType.MANUAL,
        version_id=version.version_id,
        run_after=NOW,
        triggered_by="cli",
    )


def _running(run: DagRun) -> RunChanged:
    return RunChanged(replace(run, state=RunState.RUNNING, start_date=NOW))


def _queued(instance: TaskInstance) -> TaskInstance:
    return replace(
        instance,
        state=TaskState.QUEUED,
        try_number=1,
        attempt_id=new_uuid7(),
        scheduled_at=NOW,
        queued_at=NOW,
        reason="Everything before it succeeded, and there was a place.",
    )


def _ended(instance: TaskInstance) -> TaskInstance:
    return replace(instance, state=TaskState.SUCCESS, end_date=NOW, reason="")


@contextmanager
def _postgres() -> Iterator[str]:
    from tests.postgres.server import PostgresServer, find_binaries

    binaries = find_binaries()
    if binaries is None:
        raise SystemExit("There is no PostgreSQL server on this machine: install `postgresql`.")
    server = PostgresServer(binaries)
    try:
        yield server.new_database()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
