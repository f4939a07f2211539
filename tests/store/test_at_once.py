"""All that a thread reads and writes in one transaction, begun at once or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.store import processes
from tests.store.making import new_run, recorded

from slipstream.store import open_store
from slipstream.store.errors import WouldWaitError
from slipstream.store.interface import Store
from slipstream.store.records import RunFilter, VariableRecord, Window
from slipstream.store.wakeups import Topic

SECONDS = 30

WRITE_UNTIL_TOLD = """
import sys
from slipstream.store import open_store
store = open_store(sys.argv[1], xcom_url="unused")
with store.at_once():
    print("writing", flush=True)
    sys.stdin.readline()
store.close()
"""


@pytest.fixture
def near(tmp_path: Path) -> Iterator[Store]:
    """A store whose database is at hand."""
    opened = open_store(f"sqlite:///{tmp_path}/near.db", xcom_url=str(tmp_path / "xcom"))
    opened.migrate()
    yield opened
    opened.close()


def number_of_runs(store: Store) -> int:
    return store.list_runs(RunFilter(), Window()).total


def test_what_was_written_is_read_and_seen_by_others_when_it_is_over(near: Store) -> None:
    version = recorded(near)
    with ThreadPoolExecutor(1) as pool:
        with near.at_once():
            near.create_run(new_run(version))
            assert number_of_runs(near) == 1
            assert pool.submit(number_of_runs, near).result(SECONDS) == 0
        assert pool.submit(number_of_runs, near).result(SECONDS) == 1


def test_nothing_of_it_is_kept_where_something_is_raised(near: Store) -> None:
    version = recorded(near)

    def run_and_fail() -> None:
        with near.at_once():
            near.create_run(new_run(version))
            near.set_variable(VariableRecord(key="a", value="b"))
            raise KeyError("no")

    with pytest.raises(KeyError):
        run_and_fail()

    assert number_of_runs(near) == 0
    assert near.get_variable("a") is None
    near.create_run(new_run(version))


def test_listeners_are_woken_when_it_is_over(near: Store) -> None:
    version = recorded(near)
    woken = threading.Event()
    stop = near.listen(woken.set, Topic.NOTICES)
    woken.clear()
    with near.at_once():
        near.create_run(new_run(version))
        assert not woken.is_set()
    assert woken.is_set()
    stop()


def test_whoever_would_wait_for_a_thread_is_refused(near: Store) -> None:
    def begins() -> bool:
        try:
            with near.at_once():
                return True
        except WouldWaitError:
            return False

    with ThreadPoolExecutor(1) as pool:
        with near.at_once():
            assert not pool.submit(begins).result(SECONDS)
        assert pool.submit(begins).result(SECONDS)


def test_whoever_would_wait_for_another_process_is_refused(near: Store, tmp_path: Path) -> None:
    version = recorded(near)
    other = processes.start(WRITE_UNTIL_TOLD, f"sqlite:///{tmp_path}/near.db")
    try:
        processes.wait_for(other, "writing")
        with pytest.raises(WouldWaitError), near.at_once():
            near.create_run(new_run(version))
        with ThreadPoolExecutor(1) as pool:
            # Who does wait has a turn.
            waiting = pool.submit(near.create_run, new_run(version))
            processes.succeed([other])
            assert waiting.result(SECONDS).run_id == new_run(version).run_id
    finally:
        other.kill()
        other.communicate()


def test_a_database_elsewhere_is_always_waited_for(store: Store, database_url: str) -> None:
    if database_url.startswith("postgresql"):
        with pytest.raises(WouldWaitError), store.at_once():
            store.list_runs(RunFilter(), Window())
    else:
        with store.at_once():
            assert number_of_runs(store) == 0


def test_a_run_just_made_is_what_is_read_of_it(store: Store) -> None:
    made = store.create_run(new_run(recorded(store), conf={"a": [1, None, {"b": 2.5}]}))

    assert store.get_run(made.dag_id, made.run_id) == made
    assert store.load_runs([made.pk, made.pk + 1000])[made.pk].run == made
