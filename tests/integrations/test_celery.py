"""`[core] executor = "CeleryExecutor"`: a server, a Redis and a Celery worker, all of them real."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.servers import RunningServer, environment, eventually, processes_of, running, token

LIMIT_SECONDS = 300.0
ENDED = {"success", "failed", "upstream_failed", "skipped"}

DAG = """
import os
from datetime import timedelta
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import dag, task

@dag(is_paused_upon_creation=False)
def far():
    @task
    def numbers():
        return [1, 2, 3]

    @task
    def double(n):
        return {"n": 2 * n, "worker": os.getppid()}

    @task(retries=1, retry_delay=timedelta(0))
    def flaky(found, ti=None):
        if ti.try_number == 1:
            raise ValueError("once")
        return sorted(one["n"] for one in found)

    shell = BashOperator(task_id="shell", bash_command="echo from the worker", queue="default")
    wait = TimeDeltaSensor(task_id="wait", delta=timedelta(0), deferrable=True)
    broken = BashOperator(task_id="broken", bash_command="exit 3")
    flaky(double.expand(n=numbers())) >> shell >> wait >> broken

far()
"""


def test_tasks_run_on_a_celery_worker(tmp_path: Path, redis: int) -> None:
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "far.py").write_text(DAG)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    (home / "slipstream.toml").write_text(
        f"""
        [core]
        executor = "CeleryExecutor"
        execution_api_server_url = "http://127.0.0.1:{port}/execution/"
        [celery]
        broker_url = "redis://127.0.0.1:{redis}/0"
        result_backend = "redis://127.0.0.1:{redis}/1"
        worker_concurrency = 2
        [scheduler]
        job_heartbeat_sec = 0.2
        """
    )
    with running(home, "standalone", "--port", str(port)) as server, _worker(home) as worker:
        bearer = {"Authorization": token(server)}
        eventually(lambda: _dag_is_there(server, bearer))
        server.post("/api/v2/dags/far/dagRuns", {"logical_date": None, "dag_run_id": "r"}, **bearer)
        states = _wait_for_the_end(server, bearer, worker)
        assert states == {
            "numbers": ["success"],
            "double": ["success"] * 3,
            "flaky": ["success"],
            "shell": ["success"],
            "wait": ["success"],
            "broken": ["failed"],
        }
        prefix = "/api/v2/dags/far/dagRuns/r/taskInstances"
        value = server.get(f"{prefix}/flaky/xcomEntries/return_value", **bearer)
        assert isinstance(value, dict)
        assert value["value"] == [2, 4, 6]
        assert "from the worker" in str(server.get(f"{prefix}/shell/logs/1", **bearer))
        server.end()
    assert "succeeded" in (home / "worker.log").read_text()
    eventually(lambda: not processes_of(home))


@contextmanager
def _worker(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = ["celery", "worker", "--concurrency", "2", "--queues", "default"]
    with (home / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "slipstream", *words],
            env=environment(home),
            cwd=home,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _dag_is_there(server: RunningServer, bearer: dict[str, str]) -> bool:
    answer = server.get("/api/v2/dags", **bearer)
    assert isinstance(answer, dict)
    return [one["dag_id"] for one in answer["dags"]] == ["far"]


def _wait_for_the_end(
    server: RunningServer, bearer: dict[str, str], worker: subprocess.Popen[bytes]
) -> dict[str, list[str]]:
    """The states of the tasks. The worker imports Celery and Airflow's provider before the first."""
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        assert worker.poll() is None, "the worker has ended"
        answer = server.get("/api/v2/dags/far/dagRuns/r/taskInstances", **bearer)
        assert isinstance(answer, dict)
        found: dict[str, list[str]] = {}
        for one in answer["task_instances"]:
            found.setdefault(one["task_id"], []).append(one["state"])
        if all(state in ENDED for states in found.values() for state in states):
            return found
        time.sleep(0.2)
    raise AssertionError(f"after {LIMIT_SECONDS} s the tasks are {found}")
