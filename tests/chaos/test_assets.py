"""Producers and consumers on a real server that is killed again and again."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.servers import eventually, processes_of, running

from slipstream.model.errors import NotFoundError
from slipstream.model.states import RUN_FINISHED, RunType, TriggeredBy
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.records import AssetEventFilter, NewRun, RunFilter, Window

pytestmark = pytest.mark.processes

UPDATES = 60
ALL = Window(limit=1000)
DAG_FILE = f"""
import time
from datetime import timedelta
from airflow.sdk import DAG, Asset, task

ZERO = timedelta(0)
made = Asset("made")
with DAG("producer", schedule=None, is_paused_upon_creation=False, max_active_tasks=4):

    @task(outlets=[made], retries=3, retry_delay=ZERO)
    def make(number):
        time.sleep(0.05)

    make.expand(number=list(range({UPDATES})))

for limit in (1, 16):
    with DAG(
        f"consumer{{limit}}", schedule=made, is_paused_upon_creation=False, max_active_runs=limit
    ):

        @task(retries=3, retry_delay=ZERO)
        def use(triggering_asset_events):
            assert list(triggering_asset_events) == [made]

        use()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the producer and its consumers."""
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "chain.py").write_text(DAG_FILE)
    return home


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """The store of the home, beside the server."""
    opened = open_store(f"sqlite:///{home}/slipstream.db", xcom_url=str(home / "xcom"))
    yield opened
    opened.close()


def events(store: Store) -> int:
    return store.list_asset_events(AssetEventFilter(), Window(limit=1)).total


def is_over(store: Store) -> bool:
    runs = store.list_runs(RunFilter(), ALL).items
    return events(store) == UPDATES and all(run.state in RUN_FINISHED for run in runs)


def trigger(store: Store) -> None:
    def version() -> str | None:
        try:
            store.get_dag("consumer16")
            return store.get_dag("producer").latest.version_id
        except NotFoundError:
            return None

    found = eventually(version)
    now = store.get_dag("producer").latest.created_at
    store.create_run(
        NewRun(
            dag_id="producer",
            run_id="run",
            run_type=RunType.MANUAL,
            version_id=found,
            run_after=now,
            triggered_by=TriggeredBy.TEST,
        )
    )


def test_every_update_is_one_event_that_each_consumer_gets_once(home: Path, store: Store) -> None:
    with running(home, "standalone"):
        trigger(store)
    for number in (10, 30, 45):
        with running(home, "standalone") as server:
            eventually(lambda: events(store) >= number)  # noqa: B023
            server.end(signal.SIGKILL)
        eventually(lambda: not processes_of(home))
    with running(home, "standalone") as server:
        eventually(lambda: is_over(store))
        assert server.end() == 0
    found = store.list_asset_events(AssetEventFilter(), ALL).items
    assert sorted(event.source_map_index for event in found) == list(range(UPDATES))
    runs = store.list_runs(RunFilter(run_types=[RunType.ASSET_TRIGGERED]), ALL).items
    consumed: dict[str, Counter[int]] = {"consumer1": Counter(), "consumer16": Counter()}
    for run in runs:
        of_run = store.events_of_run(run.pk)
        assert of_run
        consumed[run.dag_id].update(event.pk for event in of_run)
    everything = Counter(event.pk for event in found)
    assert consumed == {"consumer1": everything, "consumer16": everything}
    assert {run.state.value for run in runs} == {"success"}
