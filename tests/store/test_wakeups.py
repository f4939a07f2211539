"""A notice left by one process wakes the listeners of the others."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from tests.store import processes
from tests.store.making import recorded

from slipstream.store import open_store
from slipstream.store.dialects.datagrams import Datagrams
from slipstream.store.interface import Store
from slipstream.store.records import PoolRecord
from slipstream.store.wakeups import Topic, topics_of, topics_text

SECONDS = 30

CHANGE_A_POOL = """
import sys
from slipstream.store import open_store
from slipstream.store.records import PoolRecord
store = open_store(sys.argv[1], xcom_url="unused")
store.set_pool(PoolRecord(name="gpu", slots=1))
store.close()
"""

LISTEN_FOR_EVER = """
import os, sys, threading
from slipstream.store import open_store
from slipstream.store.wakeups import Topic
store = open_store(sys.argv[1], xcom_url="unused")
# Two threads write: each line goes out in one piece.
store.listen(lambda: os.write(1, b"woken\\n"), Topic.NOTICES)
os.write(1, b"ready\\n")
threading.Event().wait()
"""


def gpu(slots: int = 1) -> PoolRecord:
    """Something to change."""
    return PoolRecord(name="gpu", slots=slots)


def test_a_commit_of_another_process_wakes_the_listener(store: Store, database_url: str) -> None:
    woken = threading.Event()
    stop = store.listen(woken.set, Topic.NOTICES)
    woken.clear()
    processes.run(CHANGE_A_POOL, database_url)
    assert woken.wait(SECONDS)
    assert [notice.subject for notice in store.take_notices()] == ["gpu"]
    stop()


def test_every_listening_process_is_woken(store: Store, database_url: str) -> None:
    listening = [processes.start(LISTEN_FOR_EVER, database_url) for _ in range(2)]
    try:
        for process in listening:
            processes.wait_for(process, "ready")
        store.set_pool(gpu())
        for process in listening:
            processes.wait_for(process, "woken")
    finally:
        for process in listening:
            process.kill()
            process.communicate()


def test_a_listener_is_woken_for_its_topic_alone(store: Store, other_store: Store) -> None:
    record = store.get_dag(recorded(store).dag_id)
    heard: queue.SimpleQueue[Topic] = queue.SimpleQueue()
    begun = threading.Event()
    undo = [store.listen(begun.set, Topic.NOTICES)]
    other_store.set_pool(gpu())
    # The wake-up of all, after the connection was made, is over then.
    assert begun.wait(SECONDS)
    undo += [store.listen(partial(heard.put, topic), topic) for topic in Topic]
    other_store.request_parse(record.bundle_name, record.relative_fileloc)
    other_store.release_triggers([])
    other_store.request_parse(record.bundle_name, record.relative_fileloc)
    told = []
    while told.count(Topic.FILES) < 2:
        told.append(heard.get(timeout=SECONDS))
    for stop in undo:
        stop()
    assert [topic for topic in told if topic is not Topic.NOTICES] == [
        Topic.FILES,
        Topic.TRIGGERS,
        Topic.FILES,
    ]


def test_what_one_tells_others_hear(store: Store, other_store: Store) -> None:
    heard: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    woken = threading.Event()
    stops = [store.hear_others(heard.put), store.listen(woken.set, Topic.NOTICES)]
    other_store.tell_others("first")
    other_store.set_pool(gpu())
    other_store.tell_others("zweites, größer")
    told: list[str | None] = []
    while len(told) < 2:
        # None is the beginning, before which something may have been missed.
        told += [one for one in [heard.get(timeout=SECONDS)] if one is not None]
    assert told == ["first", "zweites, größer"]
    assert woken.wait(SECONDS)
    for stop in stops:
        stop()
    other_store.tell_others("to nobody")


def test_who_only_hears_is_woken_for_nothing_else(store: Store, other_store: Store) -> None:
    heard: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    stop = store.hear_others(heard.put)
    for slots in (1, 2):
        other_store.set_pool(gpu(slots))
    other_store.tell_others("last")
    while (told := heard.get(timeout=SECONDS)) is None:
        pass
    assert told == "last"
    stop()


def test_what_is_too_long_to_be_told_is_refused(store: Store) -> None:
    stop = store.hear_others(lambda _: None)
    store.tell_others("x" * 4000)
    with pytest.raises(ValueError, match="are more than 4096"):
        store.tell_others("x" * 4096)
    stop()


def test_an_unknown_topic_wakes_all() -> None:
    assert set(topics_of("wake")) == set(topics_of(topics_text(Topic))) == set(Topic)
    assert set(topics_of(topics_text([Topic.FILES]))) == {Topic.FILES}


def test_a_store_can_listen_again_after_it_stopped(store: Store, other_store: Store) -> None:
    for slots in (1, 2):
        woken = threading.Event()
        stop = store.listen(woken.set, Topic.NOTICES)
        woken.clear()
        other_store.set_pool(gpu(slots))
        assert woken.wait(SECONDS)
        stop()


def test_a_listener_may_stop_itself(store: Store, other_store: Store) -> None:
    stopped = threading.Event()
    stops = []
    begun = threading.Event()

    def wake() -> None:
        if begun.wait(SECONDS):
            stops[0]()
            stopped.set()

    stops.append(store.listen(wake, Topic.NOTICES))
    begun.set()
    other_store.set_pool(gpu())
    assert stopped.wait(SECONDS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the sockets of a database are."""
    return tmp_path / "slipstream.db-wake"


@pytest.fixture
def sender(folder: Path) -> Iterator[Datagrams]:
    """Somebody who leaves notices."""
    opened = Datagrams(folder)
    yield opened
    opened.close()


def test_the_socket_of_a_killed_listener_is_removed_by_the_next_wake_up(
    tmp_path: Path, folder: Path
) -> None:
    url = f"sqlite:///{tmp_path}/slipstream.db"
    store = open_store(url, xcom_url="unused")
    store.migrate()
    process = processes.start(LISTEN_FOR_EVER, url)
    processes.wait_for(process, "ready")
    process.kill()
    process.communicate()
    assert len(list(folder.iterdir())) == 1
    store.set_pool(gpu())
    assert list(folder.iterdir()) == []
    store.close()


def test_a_listener_that_stops_leaves_no_socket(folder: Path, sender: Datagrams) -> None:
    stop = sender.listen(lambda: None, Topic.NOTICES)
    assert len(list(folder.iterdir())) == 1
    stop()
    assert list(folder.iterdir()) == []


def test_a_folder_may_lie_deeper_than_a_socket_address_is_long(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    woken = threading.Event()
    listening, sending = Datagrams(deep / "wake"), Datagrams(deep / "wake")
    listening.listen(woken.set, Topic.NOTICES)
    sending.wake([Topic.NOTICES])
    assert woken.wait(SECONDS)
    listening.close()
    assert list((deep / "wake").iterdir()) == []
    sending.wake([Topic.NOTICES])


def test_a_listener_that_does_not_read_holds_nobody_up(folder: Path, sender: Datagrams) -> None:
    folder.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as idle:
        idle.bind(str(folder / "idle"))
        for _ in range(2000):
            sender.wake([Topic.NOTICES])
    assert (folder / "idle").exists()


@pytest.mark.postgres
def test_a_listener_whose_connection_was_cut_is_woken_and_goes_on(
    postgres_url: str, tmp_path: Path
) -> None:
    store = open_store(postgres_url, xcom_url=str(tmp_path))
    wakes = threading.Semaphore(0)
    stop = store.listen(wakes.release, Topic.NOTICES)
    assert wakes.acquire(timeout=SECONDS)
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        )
    # What may have been missed while the connection was gone is looked for unasked.
    assert wakes.acquire(timeout=SECONDS)
    store.set_pool(gpu())
    assert wakes.acquire(timeout=SECONDS)
    stop()
    store.close()


@pytest.mark.postgres
def test_a_store_works_again_after_its_connections_were_cut(
    postgres_url: str, tmp_path: Path
) -> None:
    from slipstream.store.errors import StoreUnavailableError

    store = open_store(postgres_url, xcom_url=str(tmp_path))
    store.check()
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    with pytest.raises(StoreUnavailableError):
        store.check()
    store.check()
    store.close()
