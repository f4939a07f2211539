"""Standard operators that need a server: runs of other DAGs, and waiting across reschedules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.database import end_of_run, wait_for_dag
from tests.cli.servers import RunningServer, environment, eventually, running, token

pytestmark = pytest.mark.processes

FILE = '''
from datetime import time, timedelta
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.providers.standard.sensors.time import TimeSensorAsync
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensorAsync, WaitSensor
from airflow.sdk import DAG, PokeReturnValue, task

HERE = Path(__file__).parent.parent
FAR = 3600  # Seconds that no test waits.

with DAG("worker", schedule=None, is_paused_upon_creation=False):
    BashOperator(task_id="work", bash_command="exit {{ dag_run.conf.get('code', 0) }}")

with DAG("caller", schedule=None, is_paused_upon_creation=False):
    TriggerDagRunOperator(
        task_id="good", trigger_dag_id="worker", trigger_run_id="good", poke_interval=FAR,
        wait_for_completion=True, conf={"from": "{{ run_id }}"},
    ) >> TriggerDagRunOperator(
        task_id="again", trigger_dag_id="worker", trigger_run_id="good",
        skip_when_already_exists=True,
    )
    TriggerDagRunOperator(
        task_id="bad", trigger_dag_id="worker", trigger_run_id="bad", poke_interval=FAR,
        wait_for_completion=True, conf={"code": 3}, retries=0,
    )
    TriggerDagRunOperator(
        task_id="deferred", trigger_dag_id="worker", trigger_run_id="deferred", poke_interval=FAR,
        wait_for_completion=True, deferrable=True,
    )

with DAG("waiter", schedule=None, is_paused_upon_creation=False):
    ExternalTaskSensor(
        task_id="task", external_dag_id="worker", external_task_id="work", poke_interval=FAR,
        check_existence=True,
    )
    ExternalTaskSensor(task_id="run", external_dag_id="worker", poke_interval=FAR)
    ExternalTaskSensor(
        task_id="rescheduled", external_dag_id="worker", external_task_id="work",
        poke_interval=FAR, mode="reschedule",
    )
    ExternalTaskSensor(
        task_id="failing", external_dag_id="worker", allowed_states=["failed"],
        failed_states=["success"], poke_interval=FAR, soft_fail=True,
    )
    ExternalTaskSensor(
        task_id="deferred", external_dag_id="worker", poke_interval=FAR, deferrable=True,
    )

def count(name, enough):
    """Whether it was called that often, over all processes."""
    path = HERE / name
    with path.open("a") as file:
        file.write("x")
    return path.stat().st_size >= enough

with DAG("other_user", schedule=None, is_paused_upon_creation=False):
    BashOperator(
        task_id="who", run_as_user="nobody", executor_config={"note": "kept"},
        bash_command="touch {{ params.home }}/x && exit 1; id -un", params={"home": str(HERE)},
    )

with DAG("deferring", schedule=None, is_paused_upon_creation=False):
    FileSensor(
        task_id="file", filepath=str(HERE / "{{ run_id }}.csv"), deferrable=True, poke_interval=0.1
    )
    FileSensor(
        task_id="no_file", filepath=str(HERE / "never.csv"), deferrable=True, poke_interval=0.1,
        timeout=0.3, soft_fail=True,
    )
    DateTimeSensorAsync(task_id="moment", target_time="{{ macros.datetime.now() }}")
    DateTimeSensorAsync(
        task_id="ends", target_time="{{ macros.datetime.now() }}", end_from_trigger=True
    )
    TimeSensorAsync(task_id="time", target_time=time(0))
    TimeDeltaSensorAsync(task_id="delta", delta=timedelta(seconds=0.1))
    WaitSensor(task_id="wait", time_to_wait=timedelta(seconds=0.1), deferrable=True)

with DAG("rescheduler", schedule=None, is_paused_upon_creation=False):
    @task.sensor(mode="reschedule", poke_interval=0.05)
    def patient(ti):
        done = count("patient", 3)
        return PokeReturnValue(done, xcom_value=ti.task_reschedule_count)

    @task
    def after(found):
        return found

    after(patient())

    PythonSensor(
        task_id="late", mode="reschedule", poke_interval=0.05, timeout=0.3, retries=3,
        python_callable=lambda: count("late", 10_000),
    )
    PythonSensor(
        task_id="soft", mode="reschedule", poke_interval=0.05, timeout=0.3, soft_fail=True,
        python_callable=lambda: count("soft", 10_000),
    )

    def broken():
        if not count("broken", 3):
            raise ValueError("not yet")
        return True

    PythonSensor(
        task_id="silent", mode="reschedule", poke_interval=0.05, silent_fail=True,
        python_callable=broken,
    )
    PythonSensor(
        task_id="backoff", mode="reschedule", poke_interval=0.05, exponential_backoff=True,
        max_wait=timedelta(seconds=0.1), python_callable=lambda: count("backoff", 4),
    )
    PythonSensor(
        task_id="never", mode="reschedule", never_fail=True, python_callable=lambda: 1 / 0,
    )
'''


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def server(home: Path) -> Iterator[RunningServer]:
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "standard.py").write_text(FILE)
    with running(home, "standalone") as server:
        wait_for_dag(home, "waiter")
        yield server


def slipstream(home: Path, *words: str) -> str:
    """What a command line prints."""
    done = subprocess.run(
        [sys.executable, "-m", "slipstream", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=environment(home),
    )
    return done.stdout


def trigger(home: Path, dag_id: str, *words: str) -> None:
    slipstream(home, "dags", "trigger", dag_id, "--run-id", "mine", *words)


def states(home: Path, dag_id: str, run_id: str = "mine") -> dict[str, str]:
    """`{task_id: state}` now."""
    listed = slipstream(home, "tasks", "states-for-dag-run", dag_id, run_id, "-o", "json")
    return {row["task_id"]: row["state"] for row in json.loads(listed)}


def ended(home: Path, dag_id: str, run_id: str = "mine") -> dict[str, str]:
    """`{task_id: state}` once the run has ended."""
    end_of_run(home, dag_id, run_id)
    return states(home, dag_id, run_id)


def test_runs_are_started_and_waited_for(server: RunningServer, home: Path) -> None:
    # The poke interval is an hour, so the tasks end because they are told of the run's end.
    trigger(home, "caller")
    assert ended(home, "caller") == {
        "good": "success",
        "again": "skipped",
        "bad": "failed",
        "deferred": "success",
    }
    assert ended(home, "worker", "good") == {"work": "success"}
    assert ended(home, "worker", "bad") == {"work": "failed"}
    links = server.get(
        "/api/v2/dags/caller/dagRuns/mine/taskInstances/good/links", Authorization=token(server)
    )
    assert isinstance(links, dict)
    assert links["extra_links"]["Triggered DAG"].endswith("/dags/worker/runs/good")


def test_a_wait_ends_when_the_other_dag_has_ended(server: RunningServer, home: Path) -> None:
    date = ("--logical-date", "2026-01-05T07:30:00+00:00")
    trigger(home, "waiter", *date)
    wait = ["deferred", *["running"] * 3, "up_for_reschedule"]
    eventually(lambda: sorted(states(home, "waiter").values()) == wait)
    trigger(home, "worker", *date)
    assert ended(home, "waiter") == {
        "task": "success",
        "run": "success",
        "rescheduled": "success",
        "failing": "skipped",
        "deferred": "success",
    }


def test_waiting_across_reschedules(server: RunningServer, home: Path) -> None:
    trigger(home, "rescheduler")
    assert ended(home, "rescheduler") == {
        "patient": "success",
        "after": "success",
        "late": "failed",
        "soft": "skipped",
        "silent": "success",
        "backoff": "success",
        "never": "skipped",
    }
    # The time of all processes counts, and what runs out of it is not tried again.
    assert (home / "late").stat().st_size < 20
    assert (home / "patient").stat().st_size == 3


def test_waiting_in_the_triggerer(server: RunningServer, home: Path) -> None:
    trigger(home, "deferring")
    eventually(lambda: states(home, "deferring")["file"] == "deferred")
    (home / "mine.csv").touch()
    assert ended(home, "deferring") == {
        "file": "success",
        "no_file": "skipped",
        "moment": "success",
        "ends": "success",
        "time": "success",
        "delta": "success",
        "wait": "success",
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="changing users takes root")
def test_a_command_runs_as_another_user(server: RunningServer, home: Path) -> None:
    trigger(home, "other_user")
    assert ended(home, "other_user") == {"who": "success"}
    instance = "/api/v2/dags/other_user/dagRuns/mine/taskInstances/who"
    bearer = token(server)
    value = server.get(f"{instance}/xcomEntries/return_value", Authorization=bearer)
    assert isinstance(value, dict)
    assert value["value"] == "nobody"
    shown = server.get(instance, Authorization=bearer)
    assert isinstance(shown, dict)
    assert json.loads(shown["executor_config"]) == {"note": "kept"}
