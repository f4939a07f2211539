"""`python -m bench.triggers`: what waiting costs, and how soon a task goes on.

Ten thousand triggers that wait for a moment far away, in the process host alone: how long until
all of them wait, what their process holds, what it burns while nothing happens. Then a chain of
tasks that defer for a moment, through scheduler, store and process host: how long after the moment
each is running again.
"""

from __future__ import annotations

import json
import queue
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psutil

from slipstream.executors.local import LocalExecutor
from slipstream.model.attempt import Attempt
from slipstream.model.deferral import Deferral
from slipstream.model.events import TriggerEnded
from slipstream.model.ids import new_uuid7
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType, TriggeredBy
from slipstream.runtime.host import ProcessHost
from slipstream.runtime.jobs import Source
from slipstream.runtime.settings import HostSettings
from slipstream.services.execution import ExecutionService
from slipstream.services.scheduler import Scheduler
from slipstream.services.triggerer.local import LocalTriggerer
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.records import NewRun
from slipstream.wire import execution
from slipstream.wire.values import encode_value

PATIENCE_SECONDS = 120.0
MEGABYTE = 1 << 20
MOMENT = "airflow.providers.standard.triggers.temporal.DateTimeTrigger"
FILE = """
import time
from datetime import datetime, timedelta, timezone

from airflow.models.baseoperator import BaseOperator
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import DAG


class Waits(BaseOperator):
    def execute(self, context):
        moment = datetime.now(timezone.utc) + timedelta(seconds=0.1)
        self.defer(
            trigger=DateTimeTrigger(moment=moment),
            method_name="go_on",
            kwargs={"moment": moment.timestamp()},
        )

    def go_on(self, context, moment, event=None):
        return 1000 * (time.time() - moment)


with DAG("bench", schedule=None, is_paused_upon_creation=False) as dag:
    tasks = [Waits(task_id=f"t{index}") for index in range(CHAIN)]
    for above, below in zip(tasks, tasks[1:]):
        above >> below
"""


def waiter(index: int, moment: datetime) -> tuple[Attempt, Deferral]:
    """A task instance that waits for a moment."""
    now = datetime.now(UTC)
    run = DagRun(
        pk=1,
        dag_id="bench",
        run_id="bench",
        run_type=RunType.MANUAL,
        state=RunState.RUNNING,
        version_id="",
        run_after=now,
    )
    attempt = Attempt(
        attempt_id=new_uuid7(), run=run, task_id="waits", map_index=index, fileloc="/dags/bench.py"
    )
    deferral = Deferral(
        attempt_id=attempt.attempt_id,
        classpath=MOMENT,
        kwargs=encode_value({"moment": moment}),
        created_at=now,
        next_method="go_on",
    )
    return attempt, deferral


def waiting(home: Path, number: int, idle_seconds: float) -> dict[str, float]:
    """What so many triggers cost that wait for tomorrow."""
    ends: queue.SimpleQueue[TriggerEnded] = queue.SimpleQueue()

    def listen(events: list[tuple[Attempt, TriggerEnded]]) -> None:
        for _, event in events:
            ends.put(event)

    settings = HostSettings(log_dir=home / "logs", run_dir=home / "run")
    host = ProcessHost(settings, lambda *_: execution.Missing())
    host.start()
    host.set_trigger_listener(listen)
    now = datetime.now(UTC)
    host.run_triggers([waiter(-1, now)])
    ends.get(timeout=PATIENCE_SECONDS)
    began = time.perf_counter()
    host.run_triggers([waiter(index, now + timedelta(days=1)) for index in range(number)])
    host.run_triggers([waiter(-1, now)])
    ends.get(timeout=PATIENCE_SECONDS)
    all_wait = time.perf_counter() - began
    process = psutil.Process(host.trigger_pids[0])
    memory = process.memory_full_info()
    cpu, since = process.cpu_times(), time.perf_counter()
    time.sleep(idle_seconds)
    after = process.cpu_times()
    burnt = after.user + after.system - cpu.user - cpu.system
    percent = 100 * burnt / (time.perf_counter() - since)
    host.stop(0)
    return {
        "all_wait_seconds": round(all_wait, 2),
        "waiting_pss_mb": round(memory.pss / MEGABYTE, 1),
        "waiting_private_mb": round(memory.uss / MEGABYTE, 1),
        "waiting_idle_cpu_percent": round(percent, 2),
    }


def resumed(home: Path, chain: int) -> dict[str, float]:
    """How soon after the moment that it waited for a task is running again."""
    dags = home / "dags"
    dags.mkdir()
    path = dags / "bench.py"
    path.write_text(FILE.replace("CHAIN", str(chain)))
    store = open_store(f"sqlite:///{home / 'bench.db'}", xcom_url=str(home / "xcom"))
    store.migrate()
    settings = HostSettings(log_dir=home / "logs", run_dir=home / "run", dags_folders=[dags])
    host = ProcessHost(settings, ExecutionService(store).answer)
    host.start()
    version = store.record_parsed([host.parse(path, dags).result(PATIENCE_SECONDS)])["bench"]
    find_source = partial(_source_of, store)
    scheduler = Scheduler(
        store,
        LocalExecutor(host, 8, find_source),
        triggerer=LocalTriggerer(host, find_source),
    )
    scheduler.start()
    store.create_run(
        NewRun(
            dag_id="bench",
            run_id="run",
            run_type=RunType.MANUAL,
            version_id=version.version_id,
            run_after=datetime.now(UTC),
            triggered_by=TriggeredBy.TEST,
        )
    )
    limit = time.monotonic() + PATIENCE_SECONDS
    while (run := store.get_run("bench", "run")).end_date is None:
        if time.monotonic() > limit:
            raise TimeoutError("the chain of deferred tasks did not end")
        time.sleep(0.05)
    scheduler.stop()
    host.stop(0)
    if run.state is not RunState.SUCCESS:
        raise RuntimeError(f"the chain of deferred tasks ended as {run.state}: {run.reason}")
    found = sorted(_latency(store, index) for index in range(chain))
    store.close()
    return {
        "resumed_ms_median": round(statistics.median(found), 1),
        "resumed_ms_p95": round(found[int(len(found) * 0.95)], 1),
        "resumed_ms_least": round(found[0], 1),
    }


def _latency(store: Store, index: int) -> float:
    xcom = store.get_xcom(
        dag_id="bench", run_id="run", task_id=f"t{index}", map_index=None, key="return_value"
    )
    if xcom is None:
        raise RuntimeError(f"task t{index} pushed nothing")
    return float(json.loads(xcom.value))


def _source_of(store: Store, attempt: Attempt) -> Source:
    version = store.get_version(attempt.run.version_id)
    return Source(
        fileloc=version.fileloc,
        source_hash=version.source_hash,
        read=lambda: store.get_sources(version.source_hash),
    )


def main(number: int = 10_000, idle_seconds: float = 20.0, chain: int = 20) -> int:
    """Measure and print JSON."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        figures = {**waiting(Path(one), number, idle_seconds), **resumed(Path(other), chain)}
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
