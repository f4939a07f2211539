"""`python -m bench.sensors [--postgres]`: how soon a sensor goes on that waits for another DAG.

Each part of a deployment is a process of its own: scheduler, DAG processor, and a triggerer with
the deferred sensors. `ExternalTaskSensor` waits for a run's task in each of its forms, with a
`poke_interval` of ten minutes, so that only news let it go on. Times are taken from the end of the
task that it waits for, as the database has it, to the sensor's own end.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from bench.assets import figures
from bench.store import _postgres
from slipstream.model.run import TaskInstance
from slipstream.model.states import RUN_FINISHED, RunState, RunType, TaskState, TriggeredBy
from slipstream.store import open_store
from slipstream.store.interface import InstanceFilter, Store
from slipstream.store.records import DagFilter, NewRun, Window

PATIENCE_SECONDS = 180.0
PARTS = ("scheduler", "dag-processor", "triggerer")
FORMS = {"poke": "mode='poke'", "reschedule": "mode='reschedule'", "deferrable": "deferrable=True"}
FILE = """
import time

from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG, task

with DAG("awaited", schedule=None, is_paused_upon_creation=False):

    @task
    def work():
        time.sleep(0.5)

    work()
"""
WAITING = """
with DAG("waits_{form}", schedule=None, is_paused_upon_creation=False):
    ExternalTaskSensor(
        task_id="wait",
        external_dag_id="awaited",
        external_task_id="work",
        poke_interval=600,
        {arguments},
    )
"""
WAITS = {
    "poke": (TaskState.RUNNING,),
    "reschedule": (TaskState.UP_FOR_RESCHEDULE,),
    "deferrable": (TaskState.DEFERRED,),
}


@contextmanager
def deployment(home: Path, url: str) -> Iterator[Store]:
    """Every part as a process of its own."""
    dags = home / "dags"
    dags.mkdir()
    text = FILE + "".join(
        WAITING.format(form=form, arguments=arguments) for form, arguments in FORMS.items()
    )
    (dags / "bench.py").write_text(text)
    environment = {
        **os.environ,
        "SLIPSTREAM_HOME": str(home),
        "SLIPSTREAM__CORE__DAGS_FOLDER": str(dags),
        "SLIPSTREAM__DATABASE__SQL_ALCHEMY_CONN": url,
    }
    command = [sys.executable, "-m", "slipstream"]
    subprocess.run([*command, "db", "migrate"], env=environment, check=True, capture_output=True)
    processes: list[subprocess.Popen[bytes]] = []
    with ExitStack() as stack:
        store = open_store(url, xcom_url=str(home / "xcom"))
        stack.callback(store.close)
        for part in PARTS:
            log = stack.enter_context((home / f"{part}.log").open("wb"))
            processes.append(
                subprocess.Popen([*command, part], env=environment, stdout=log, stderr=log)
            )
        try:
            _until(
                lambda: store.list_dags(DagFilter(), Window(limit=1)).total == 1 + len(FORMS),
                "the file is loaded",
            )
            yield store
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(PATIENCE_SECONDS)


def went_on(store: Store, form: str, number: int) -> float:
    """Milliseconds from the end of what was waited for to the end of the sensor."""
    date = datetime(2026, 1, 1 + number, hour=list(FORMS).index(form), tzinfo=UTC)
    _trigger(store, f"waits_{form}", date)
    _until(lambda: _state(store, f"waits_{form}", date) in WAITS[form], f"{form} waits")
    _trigger(store, "awaited", date)
    _until(lambda: _run_ended(store, f"waits_{form}", date), f"{form} has gone on")
    ends = [_end(store, dag_id, date) for dag_id in ("awaited", f"waits_{form}")]
    return 1e3 * (ends[1] - ends[0]).total_seconds()


def _trigger(store: Store, dag_id: str, date: datetime) -> None:
    store.create_run(
        NewRun(
            dag_id=dag_id,
            run_id=date.isoformat(),
            run_type=RunType.MANUAL,
            version_id=store.get_dag(dag_id).latest.version_id,
            run_after=date,
            logical_date=date,
            triggered_by=TriggeredBy.TEST,
        )
    )


def _instance(store: Store, dag_id: str, date: datetime) -> TaskInstance | None:
    which = InstanceFilter(dag_ids=[dag_id], run_ids=[date.isoformat()])
    return next((entry.instance for entry in store.iterate_instances(which)), None)


def _end(store: Store, dag_id: str, date: datetime) -> datetime:
    found = _instance(store, dag_id, date)
    if found is None or found.end_date is None:
        raise RuntimeError(f"the task of {dag_id} has not ended")
    return found.end_date


def _state(store: Store, dag_id: str, date: datetime) -> TaskState | None:
    found = _instance(store, dag_id, date)
    return None if found is None else found.state


def _run_ended(store: Store, dag_id: str, date: datetime) -> bool:
    run = store.get_run(dag_id, date.isoformat())
    if run.state is RunState.FAILED:
        raise RuntimeError(f"the run of {dag_id} has failed: {run.reason}")
    return run.state in RUN_FINISHED


def _until(holds: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > limit:
            raise TimeoutError(f"it took too long until {what}")
        time.sleep(0.02)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.sensors", description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="on a server of its own")
    parser.add_argument("--rounds", type=int, default=10, help="of each form")
    options = parser.parse_args(arguments)
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="slipstream-bench-") as folder:
        home = Path(folder)
        around = _postgres() if options.postgres else nullcontext(f"sqlite:///{home}/bench.db")
        with around as url, deployment(home, url) as store:
            for form in FORMS:
                measured = [went_on(store, form, number) for number in range(options.rounds)]
                found |= figures(measured, form)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
