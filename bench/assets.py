"""`python -m bench.assets [--postgres]`: how soon the event of an asset has a run queued.

Three ways to the event: reported one by one, as through the REST API; many at once, each with a
consumer of its own; and by a task of a producer, through scheduler, store and process host. Times
are taken from the moment that the event has in the database to the one at which the run was queued,
and for the tasks to the moment at which the consumer's task was running.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.store import _postgres
from bench.triggers import _source_of
from slipstream.executors.local import LocalExecutor
from slipstream.model.asset import AssetUpdate
from slipstream.model.dag import DagSpec
from slipstream.model.run import DagRun
from slipstream.model.schedule import OnAssets
from slipstream.model.states import RUN_FINISHED, RunType, TriggeredBy
from slipstream.model.version import ParsedFile
from slipstream.runtime.host import ProcessHost
from slipstream.runtime.settings import HostSettings
from slipstream.services.execution import ExecutionService
from slipstream.services.scheduler import Scheduler
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.records import AssetEventFilter, NewRun, RunFilter, Source, Window

PATIENCE_SECONDS = 120.0
FILE = """
from airflow.sdk import DAG, Asset, task

made = Asset("made")
with DAG("producer", schedule=None, is_paused_upon_creation=False):

    @task(outlets=[made])
    def make():
        pass

    make()

with DAG("consumer", schedule=made, is_paused_upon_creation=False):

    @task
    def use():
        pass

    use()
"""


def figures(found: Sequence[float], name: str) -> dict[str, float]:
    """Median and tail, in milliseconds."""
    ordered = sorted(found)
    return {
        f"{name}_ms_median": round(statistics.median(ordered), 2),
        f"{name}_ms_p95": round(ordered[int(len(ordered) * 0.95)], 2),
        f"{name}_ms_most": round(ordered[-1], 2),
    }


def _empty_store(home: Path, url: str) -> Store:
    store = open_store(url, xcom_url=str(home / "xcom"))
    store.migrate()
    store.reset()
    return store


def consumers(store: Store, number: int) -> None:
    """Many DAGs, each waiting for an asset of its own, without a task."""
    specs = tuple(
        DagSpec(
            dag_id=f"consumer{index}",
            schedule=OnAssets(
                condition={"asset": {"name": f"a{index}", "uri": f"a{index}", "group": "asset"}}
            ),
            is_paused_upon_creation=False,
        )
        for index in range(number)
    )
    file = ParsedFile(
        fileloc="/dags/bench.py",
        relative_fileloc="bench.py",
        dags=specs,
        sources={"bench.py": ""},
        parsed_at=datetime.now(UTC),
        duration_seconds=0.0,
    )
    store.record_parsed([file])


def waited(store: Store, number: int) -> list[float]:
    """Milliseconds from event to run of so many runs, once they are there."""
    limit = time.monotonic() + PATIENCE_SECONDS
    which = RunFilter(run_types=[RunType.ASSET_TRIGGERED])
    while store.list_runs(which, Window(limit=1)).total < number:
        if time.monotonic() > limit:
            raise TimeoutError("not every event has started a run")
        time.sleep(0.01)
    events = store.list_asset_events(AssetEventFilter(), Window(limit=number)).items
    runs = store.runs_of_events([event.pk for event in events])
    return [
        1e3 * (run.queued_at - event.timestamp).total_seconds()
        for event in events
        for run in runs[event.pk]
        if run.queued_at is not None
    ]


def reported(home: Path, url: str, number: int, *, at_once: bool) -> list[float]:
    """Events that somebody reports, each of an asset with a consumer of its own."""
    store = _empty_store(home, url)
    consumers(store, number)
    host = ProcessHost(
        HostSettings(log_dir=home / "logs", run_dir=home / "run"), ExecutionService(store).answer
    )
    host.start()
    scheduler = Scheduler(store, LocalExecutor(host, 8, partial(_source_of, store)))
    scheduler.start()
    time.sleep(0.5)
    updates = [AssetUpdate(name=f"a{index}", uri=f"a{index}") for index in range(number)]
    if at_once:
        store.record_asset_updates(Source(), updates)
    else:
        for update in updates:
            store.record_asset_updates(Source(), [update])
            time.sleep(0.02)
    found = waited(store, number)
    scheduler.stop()
    host.stop(0)
    store.close()
    return found


def by_tasks(home: Path, url: str, rounds: int) -> tuple[list[float], list[float]]:
    """Events of a task: `(until the run is queued, until its task runs)`."""
    dags = home / "dags"
    dags.mkdir()
    path = dags / "bench.py"
    path.write_text(FILE)
    store = _empty_store(home, url)
    settings = HostSettings(log_dir=home / "logs", run_dir=home / "run", dags_folders=[dags])
    host = ProcessHost(settings, ExecutionService(store).answer)
    host.start()
    store.record_parsed([host.parse(path, dags).result(PATIENCE_SECONDS)])
    scheduler = Scheduler(store, LocalExecutor(host, 8, partial(_source_of, store)))
    scheduler.start()
    for index in range(rounds):
        store.create_run(
            NewRun(
                dag_id="producer",
                run_id=f"run{index}",
                run_type=RunType.MANUAL,
                version_id=store.get_dag("producer").latest.version_id,
                run_after=datetime.now(UTC),
                triggered_by=TriggeredBy.TEST,
            )
        )
        _wait_for_end(store, index + 1)
    queued = waited(store, rounds)
    events = store.list_asset_events(AssetEventFilter(), Window(limit=rounds)).items
    runs = store.runs_of_events([event.pk for event in events])
    running = [
        1e3 * (start - event.timestamp).total_seconds()
        for event in events
        if (start := _start(store, runs[event.pk][0])) is not None
    ]
    scheduler.stop()
    host.stop(0)
    store.close()
    return queued, running


def _wait_for_end(store: Store, number: int) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    which = RunFilter(dag_ids=["consumer"], states=list(RUN_FINISHED))
    while store.list_runs(which, Window(limit=1)).total < number:
        if time.monotonic() > limit:
            raise TimeoutError("the consumer has not run")
        time.sleep(0.02)


def _start(store: Store, run: DagRun) -> datetime | None:
    instances = store.load_run(run.pk).instances
    return instances[0].start_date if instances else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.assets", description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="on a server of its own")
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=20, help="runs of the producer")
    options = parser.parse_args(arguments)
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="slipstream-bench-") as folder:
        home = Path(folder)
        around = _postgres() if options.postgres else nullcontext(f"sqlite:///{home}/bench.db")
        with around as url:
            found |= figures(reported(home, url, options.events, at_once=False), "reported")
            found |= figures(reported(home, url, options.events, at_once=True), "at_once")
            queued, running = by_tasks(home, url, options.rounds)
            found |= {**figures(queued, "task_queued"), **figures(running, "task_running")}
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
