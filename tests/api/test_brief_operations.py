"""What writes little is answered at once where nobody else writes, and waits only in a thread."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import NOON, Client, Clock
from tests.api.making import ETL, recorded

from slipstream.api.app import create_app
from slipstream.api.public import dag_runs
from slipstream.api.settings import ApiSettings
from slipstream.model.schedule import Custom
from slipstream.store.event_records import EventFilter
from slipstream.store.interface import Store
from slipstream.store.records import RunFilter, Window
from slipstream.wire.questions import Answered, PlannedRun, TimetableAsk, TimetableQuestion

RUNS = "/dags/etl/dagRuns"
SECONDS = 30


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that made runs, or tried to."""
    names: list[str] = []
    known = dag_runs.requested_run

    def noted(*arguments: object, **options: object) -> object:
        names.append(threading.current_thread().name)
        return known(*arguments, **options)

    monkeypatch.setattr(dag_runs, "requested_run", noted)
    return names


@pytest.fixture
def api(portal: BlockingPortal, store: Store, settings: ApiSettings, clock: Clock) -> Client:
    recorded(store)
    return Client(portal, create_app(store, settings=settings, clock=clock))


@contextmanager
def another_process_writes(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "slipstream.db"
    with closing(
        sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    ) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def loop_thread(portal: BlockingPortal) -> str:
    return portal.call(lambda: threading.current_thread().name)


def test_a_run_is_made_on_the_event_loop_in_one_transaction(
    api: Client, store: Store, portal: BlockingPortal, threads: list[str]
) -> None:
    answer = api.post(RUNS, {"dag_run_id": "mine", "logical_date": None})

    assert answer.status_code == 200
    assert threads == [loop_thread(portal)]
    assert answer.json() == api.get(RUNS + "/mine").json()
    (entry,) = store.list_events(EventFilter(), Window()).items
    assert (entry.what.event, entry.what.details["body"]) == (
        "trigger_dag_run",
        {"dag_run_id": "mine", "logical_date": None},
    )


def test_while_another_process_writes_everybody_else_is_answered(
    api: Client, portal: BlockingPortal, threads: list[str], tmp_path: Path
) -> None:
    with another_process_writes(tmp_path) as other, ThreadPoolExecutor(1) as pool:
        made = pool.submit(api.post, RUNS, {"dag_run_id": "mine", "logical_date": None})
        until(lambda: len(threads) == 1)
        for _ in range(5):
            assert api.get("/dags/etl").status_code == 200
        assert not made.done()
        other.execute("ROLLBACK")
        assert made.result(SECONDS).status_code == 200
    assert loop_thread(portal) not in threads


def test_while_another_thread_writes_everybody_else_is_answered(
    api: Client, store: Store, portal: BlockingPortal, threads: list[str]
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with store.at_once():
            made = pool.submit(api.post, RUNS, {"dag_run_id": "mine", "logical_date": None})
            until(lambda: len(threads) == 1)
            assert api.get("/dags/etl").status_code == 200
            assert not made.done()
        assert made.result(SECONDS).status_code == 200
    assert loop_thread(portal) not in threads


def test_a_timetable_of_somebodys_own_is_asked_in_a_thread(
    portal: BlockingPortal, store: Store, settings: ApiSettings, clock: Clock, threads: list[str]
) -> None:
    asked_in: list[str] = []

    def ask(question: TimetableQuestion, version_id: str) -> Answered:
        asked_in.append(threading.current_thread().name)
        assert question.ask is TimetableAsk.MANUAL
        return Answered(runs=(PlannedRun(run_after=NOON, interval_start=NOON, interval_end=NOON),))

    recorded(store, replace(ETL, schedule=Custom(importable="a.B")))
    app = create_app(store, settings=settings, clock=clock, ask_timetable=ask)

    answer = Client(portal, app).post(
        RUNS, {"dag_run_id": "mine", "logical_date": NOON.isoformat()}
    )

    assert answer.status_code == 200, answer.text
    assert len(asked_in) == 1
    assert loop_thread(portal) not in asked_in
    assert threads == [loop_thread(portal), *asked_in]
    assert store.list_events(EventFilter(), Window()).total == 1


def test_what_is_refused_leaves_nothing_behind(api: Client, store: Store) -> None:
    body = {"dag_run_id": "mine", "logical_date": None}
    assert api.post(RUNS, body).status_code == 200
    assert api.post(RUNS, body).status_code == 409
    assert api.post(RUNS, {**body, "dag_run_id": "x", "conf": {"rows": 0}}).status_code == 400

    assert store.list_runs(RunFilter(), Window()).total == 1
    assert store.list_events(EventFilter(), Window()).total == 1
    assert api.post(RUNS, {**body, "dag_run_id": "other"}).status_code == 200
