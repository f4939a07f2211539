"""`[core] executor = "CeleryExecutor"`: a server, a Redis and a Celery worker, all of them real."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.servers import environment, eventually, processes_of, running, token
from tests.integrations.far import DAG, STATES, dag_is_there, wait_for_the_end


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
        eventually(lambda: dag_is_there(server, bearer))
        server.post("/api/v2/dags/far/dagRuns", {"logical_date": None, "dag_run_id": "r"}, **bearer)
        states = wait_for_the_end(server, bearer, lambda: worker.poll() is None)
        assert states == STATES
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
