"""One of several processes is in charge, on a real PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import psycopg
import pytest
from tests.postgres.server import PostgresServer

from slipstream.services.in_charge import InCharge, is_gone_from_here, this_process
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.leases import Holder

pytestmark = pytest.mark.postgres

PATIENCE_SECONDS = 30.0
LONG = 3600.0
"""Longer than any test takes."""


class Contender:
    """A process that wants to be in charge."""

    def __init__(self, store: Store, name: str, lease_seconds: float, *, others_are_gone: bool):
        self.begun = threading.Event()
        self.gone = threading.Event()
        self.reason = ""
        lease = store.lease("scheduler", Holder(hostname=name, pid=1, mark=name))
        assert lease is not None
        self.charge = InCharge(
            lease,
            begin=lambda _epoch: self.begun.set(),
            lost=self._lost,
            lease_seconds=lease_seconds,
            is_gone=lambda _holder: others_are_gone,
        )

    def _lost(self, reason: str) -> None:
        self.reason = reason
        self.gone.set()


Make = Callable[..., Contender]


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    return postgres_server.new_database()


@pytest.fixture
def make(url: str) -> Iterator[Make]:
    with ExitStack() as opened:
        store = open_store(url, xcom_url="unused")
        opened.callback(store.close)
        store.migrate()

        def new(name: str, lease_seconds: float = LONG, *, gone: bool = False) -> Contender:
            made = Contender(store, name, lease_seconds, others_are_gone=gone)
            opened.callback(made.charge.give_back)
            return made

        yield new


def cut_off(url: str) -> None:
    """End the session of whoever holds the lease."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )


def test_the_first_begins_before_start_returns(make: Make) -> None:
    first = make("first")
    first.charge.start()
    assert first.begun.is_set()
    assert first.charge.epoch == 1


def test_the_second_waits_and_begins_when_the_first_gives_back(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = make("first"), make("second")
    first.charge.start()
    second.charge.start()
    assert "process 1 on first" in caplog.text
    assert not second.begun.is_set()
    first.charge.give_back()
    assert second.begun.wait(PATIENCE_SECONDS)
    assert second.charge.epoch == 2
    assert not first.gone.is_set()


def test_who_is_known_to_be_gone_is_not_waited_for(make: Make, url: str) -> None:
    first, second = make("first", 0.0), make("second", gone=True)
    first.charge.start()
    second.charge.start()
    cut_off(url)
    assert second.begun.wait(PATIENCE_SECONDS)
    assert first.gone.wait(PATIENCE_SECONDS)
    assert "in charge" in first.reason


def test_who_may_still_be_there_is_given_the_time_to_end(
    make: Make, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = make("first", 0.0), make("second", 0.5)
    first.charge.start()
    second.charge.start()
    cut_off(url)
    assert first.gone.wait(PATIENCE_SECONDS)
    assert second.begun.wait(PATIENCE_SECONDS)
    assert "takes over in 0.5 s" in caplog.text


def test_who_is_cut_off_and_alone_goes_on(make: Make, url: str) -> None:
    first = make("first")
    first.charge.start()
    for _ in range(2):
        cut_off(url)
        with psycopg.connect(url, autocommit=True) as watcher:
            query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            while (row := watcher.execute(query).fetchone()) is None or not row[0]:
                assert not first.gone.is_set()
    assert first.charge.epoch == 1
    assert not first.gone.is_set()


def test_who_waits_can_be_stopped(make: Make) -> None:
    first, second = make("first"), make("second")
    first.charge.start()
    second.charge.start()
    second.charge.stop_waiting()
    assert not second.begun.is_set()


def test_a_process_that_ended_here_is_gone_and_any_other_may_be_there() -> None:
    program = "import sys; sys.stdin.read()"
    mine = this_process()
    assert not is_gone_from_here(mine)
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as other:
        with open(f"/proc/{other.pid}/stat", "rb") as file:
            started = file.read().rpartition(b")")[2].split()[19].decode()
        machine = mine.mark.partition("|")[0]
        theirs = replace(mine, pid=other.pid, mark=f"{machine}|{other.pid}|{started}")
        assert not is_gone_from_here(theirs)
        other.kill()
    assert is_gone_from_here(theirs)
    assert not is_gone_from_here(replace(theirs, mark=f"elsewhere {theirs.mark}"))
