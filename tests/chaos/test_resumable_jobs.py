"""A job elsewhere is started once, however often what waits for it is killed."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from tests.chaos.conftest import kill
from tests.cli.servers import eventually, processes_of, running

from slipstream.model.errors import NotFoundError
from slipstream.model.states import RunType, TriggeredBy
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.records import NewRun

pytestmark = pytest.mark.processes

DAG_FILE = """
import os
import time
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, BaseOperator, ResumableJobMixin

HOME = Path(__file__).parent.parent


def note(*words):
    with (HOME / "record").open("a") as record:
        record.write(" ".join(map(str, words)) + "\\n")


class Job(ResumableJobMixin, BaseOperator):
    def execute(self, context):
        return self.execute_resumable(context)

    def submit_job(self, context):
        note("submit", os.getpid())
        return "job-1"

    def get_job_status(self, external_id, context):
        return "running"

    def is_job_active(self, status):
        return status == "running"

    def is_job_succeeded(self, status):
        return False

    def poll_until_complete(self, external_id, context):
        note("wait", os.getpid())
        while not (HOME / "finished").exists():
            time.sleep(0.05)

    def get_job_result(self, external_id, context):
        return external_id


with DAG("jobs", schedule=None, is_paused_upon_creation=False):
    Job(task_id="job", retries=3, retry_delay=timedelta(0))
"""


def trigger(store: Store) -> None:
    def version() -> str | None:
        try:
            return store.get_dag("jobs").latest.version_id
        except NotFoundError:
            return None

    found = eventually(version)
    store.create_run(
        NewRun(
            dag_id="jobs",
            run_id="run",
            run_type=RunType.MANUAL,
            version_id=found,
            run_after=store.get_dag("jobs").latest.created_at,
            triggered_by=TriggeredBy.TEST,
        )
    )


def test_a_job_is_waited_for_again_whoever_was_killed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "jobs.py").write_text(DAG_FILE)
    record = home / "record"

    def noted(what: str) -> list[int]:
        lines = record.read_text().splitlines() if record.exists() else []
        return [int(line.split()[1]) for line in lines if line.split()[0] == what]

    store = open_store(f"sqlite:///{home}/slipstream.db", xcom_url=str(home / "xcom"))
    with running(home, "standalone") as server:
        trigger(store)
        eventually(lambda: noted("wait"))
        kill(noted("wait")[-1])
        eventually(lambda: len(noted("wait")) == 2)
        server.end(signal.SIGKILL)
    eventually(lambda: not processes_of(home))
    with running(home, "standalone"):
        eventually(lambda: len(noted("wait")) == 3)
        (home / "finished").touch()
        run = eventually(lambda: store.get_run("jobs", "run").end_date)
        assert run is not None
        assert store.get_run("jobs", "run").state.value == "success"
    assert len(noted("submit")) == 1
    assert len(set(noted("wait"))) == 3
    store.close()
