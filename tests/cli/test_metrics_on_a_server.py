"""A server that sends metrics: what a StatsD server hears of one run."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from tests.cli.servers import PATIENCE_SECONDS, running, token

DAG = """
from airflow.sdk import dag, task
from airflow.sdk.observability import stats

@dag(is_paused_upon_creation=False)
def metered():
    @task
    def work():
        stats.incr("of_the_task", tags={"a": "b"})
    work()

metered()
"""

WANTED = {
    "airflow.of_the_task:1|c",
    "airflow.ti.start.metered.work:1|c",
    "airflow.ti.start:1|c",
    "airflow.ti.finish.metered.work.success:1|c",
    "airflow.operator_successes__PythonDecoratedOperator:1|c",
    "airflow.pool.open_slots.default_pool:128|g",
    "airflow.executor.running_tasks.LocalExecutor:0|g",
    "airflow.dagbag_size:1|g",
    "airflow.scheduler_heartbeat:1|c",
}
BEGINNINGS = ("airflow.dagrun.duration.success.metered:", "airflow.dag.metered.work.duration:")


@pytest.mark.processes
def test_statsd_hears_of_a_run(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "metered.py").write_text(DAG)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        sink.settimeout(PATIENCE_SECONDS)
        (home / "slipstream.toml").write_text(
            "[metrics]\nstatsd_on = true\nstatsd_host = '127.0.0.1'\n"
            f"statsd_port = {sink.getsockname()[1]}\n[scheduler]\npool_metrics_interval = 0.5\n"
            "scheduler_heartbeat_sec = 1\n"
        )
        with running(home, "standalone") as server:
            wanted, beginnings = set(WANTED), list(BEGINNINGS)
            is_triggered = False
            end = time.monotonic() + PATIENCE_SECONDS
            while wanted or beginnings:
                assert time.monotonic() < end, f"nobody heard of {wanted} {beginnings}"
                said = sink.recv(4096).decode()
                wanted.discard(said)
                beginnings = [start for start in beginnings if not said.startswith(start)]
                if said == "airflow.dagbag_size:1|g" and not is_triggered:
                    is_triggered = True
                    bearer = {"Authorization": token(server)}
                    server.post("/api/v2/dags/metered/dagRuns", {"logical_date": None}, **bearer)
