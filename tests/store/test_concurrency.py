"""Many threads and processes on one database: everybody gets their turn, nobody is refused."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from tests.store import processes
from tests.store.making import changed, new_run, recorded, spec, started

from slipstream.model.changes import InstanceChanged
from slipstream.model.errors import AlreadyExistsError
from slipstream.model.run import TaskInstance, TaskKey
from slipstream.model.states import TaskState
from slipstream.store.interface import Store
from slipstream.store.records import (
    InstanceFilter,
    RunFilter,
    RunWrite,
    VariableRecord,
    Window,
    XComFilter,
)

THREADS = 100


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What `work` gives on as many threads, all let go at the same moment."""
    barrier = threading.Barrier(count)

    def begin(number: int) -> object:
        barrier.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def test_a_hundred_threads_read_and_write_at_once(store: Store) -> None:
    version = recorded(store, spec(tasks=("load",)))

    def live(number: int) -> None:
        run = started(store, version, f"run{number}")
        load = TaskInstance(run_pk=run.pk, task_id="load", state=TaskState.QUEUED)
        run = changed(store, run, load)
        store.set_xcom(run.pk, TaskKey("load"), "k", str(number), None)
        store.list_instances(InstanceFilter(dag_ids=["sales"]), Window(limit=5))
        found = store.get_xcom(
            dag_id="sales", run_id=run.run_id, task_id="load", map_index=-1, key="k"
        )
        assert found is not None
        assert found.value == str(number)
        changed(store, run, replace(load, state=TaskState.SUCCESS))

    at_once(THREADS, live)
    assert store.list_runs(RunFilter(), Window(limit=1)).total == THREADS
    done = store.list_instances(InstanceFilter(states=[TaskState.SUCCESS]), Window(limit=1))
    assert done.total == THREADS


def test_of_two_writers_that_saw_the_same_revision_one_is_refused(
    store: Store, other_store: Store
) -> None:
    run = started(store, recorded(store))
    load = TaskInstance(run_pk=run.pk, task_id="load")
    for _ in range(20):
        revision = store.load_run(run.pk).run.revision
        write = [RunWrite(run.pk, revision, [InstanceChanged(load)])]
        stores = (store, other_store)
        refused = at_once(2, lambda number, w=write, s=stores: s[number].apply(w))  # type: ignore[misc]  # defaults bind the loop's values
        assert Counter(refused) == Counter([frozenset(), frozenset({run.pk})])
        assert store.load_run(run.pk).run.revision == revision + 1


def test_batches_that_touch_the_same_runs_in_any_order_do_not_block_each_other(
    store: Store, other_store: Store
) -> None:
    version = recorded(store)
    runs = [started(store, version, f"run{number}") for number in range(10)]

    def write(number: int) -> int:
        mine = (store, other_store)[number % 2]
        ordered = runs if number % 3 else list(reversed(runs))
        written = 0
        for _ in range(10):
            writes = [RunWrite(r.pk, mine.load_run(r.pk).run.revision, []) for r in ordered]
            written += len(writes) - len(mine.apply(writes))
        return written

    written = at_once(6, write)
    revisions = sum(store.load_run(run.pk).run.revision - run.revision for run in runs)
    assert revisions == sum(number for number in written if isinstance(number, int))


def test_a_run_id_is_given_to_one_of_many_who_ask(store: Store, other_store: Store) -> None:
    version = recorded(store)

    def create(number: int) -> bool:
        try:
            (store, other_store)[number % 2].create_run(new_run(version))
        except AlreadyExistsError:
            return False
        return True

    assert sum(bool(made) for made in at_once(10, create)) == 1


def test_everybody_gets_the_same_secret_key(store: Store, other_store: Store) -> None:
    got = at_once(
        10,
        lambda number: (store, other_store)[number % 2].get_secret_key("jwt", lambda: str(number)),
    )
    assert len(set(got)) == 1


def test_several_processes_write_at_once(store: Store, database_url: str) -> None:
    program = """
import sys
from slipstream.store import open_store
from slipstream.store.records import VariableRecord
url, name = sys.argv[1:]
store = open_store(url, xcom_url="unused")
store.get_variable("warm")
print("ready", flush=True)
sys.stdin.read()
for number in range(100):
    store.set_variable(VariableRecord(key=f"{name}{number}", value="x"))
    store.set_variable(VariableRecord(key="shared", value=name))
store.close()
"""
    names = ["a", "b", "c"]
    with processes.at_a_line(program, *[[database_url, name] for name in names]) as working:
        for number in range(100):
            store.set_variable(VariableRecord(key=f"mine{number}", value="x"))
        processes.succeed(working)
    assert store.list_variables(None, Window(limit=1)).total == 4 * 100 + 1


@pytest.mark.parametrize("moment", ["in the transaction", "after the commit"])
def test_a_killed_writer_leaves_all_or_nothing_and_no_lock(
    store: Store, database_url: str, moment: str
) -> None:
    program = """
import sys
from sqlalchemy import make_url, text
from slipstream.store.connect import open_database
database = open_database(make_url(sys.argv[1]), connections=1)
with database.write() as transaction:
    transaction.execute(text("INSERT INTO variable (key, value) VALUES ('a', 'plain:1')"))
    transaction.execute(text("UPDATE pool SET slots = 7"))
    if sys.argv[2] == "in the transaction":
        print("ready", flush=True)
        sys.stdin.read()
print("ready", flush=True)
sys.stdin.read()
"""
    process = processes.start(program, database_url, moment)
    processes.wait_for(process, "ready")
    process.kill()
    process.communicate()
    pool = store.get_pool("default_pool")
    assert pool is not None
    if moment == "in the transaction":
        assert (store.get_variable("a"), pool.slots) == (None, 128)
    else:
        assert (store.get_variable("a") is not None, pool.slots) == (True, 7)
    assert store.set_variable(VariableRecord(key="b", value="2"))


def test_what_was_acknowledged_before_a_kill_is_there_and_is_whole(
    store: Store, database_url: str
) -> None:
    program = """
import sys
from slipstream.model.attempt import XComWrite
from slipstream.model.changes import InstanceChanged
from slipstream.store import open_store
from slipstream.store.records import RunWrite
url, run_pk = sys.argv[1], int(sys.argv[2])
store = open_store(url, xcom_url="unused")
instance = store.load_run(run_pk).instances[0]
revision = store.load_run(run_pk).run.revision
while True:
    push = XComWrite(f"k{revision + 1}", "1")
    refused = store.apply([RunWrite(run_pk, revision, [InstanceChanged(instance, (push,))])])
    assert not refused
    revision += 1
    print(revision, flush=True)
"""
    run = started(store, recorded(store))
    for _ in range(3):
        process = processes.start(program, database_url, str(run.pk))
        assert process.stdout is not None
        seen = [int(process.stdout.readline()) for _ in range(20)]
        process.kill()
        # Not by communicate(), which passes over what readline() has read ahead.
        rest = process.stdout.read().split("\n")[:-1]
        process.communicate()
        acknowledged = int(rest[-1]) if rest else seen[-1]
        revision = store.load_run(run.pk).run.revision
        assert acknowledged <= revision <= acknowledged + 1
        pushed = store.list_xcoms(XComFilter(), Window(limit=1))
        assert pushed.total == revision - run.revision
