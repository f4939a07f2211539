"""A server with an executor of a package: its workers run the tasks and report over HTTP."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from tests.cli.servers import eventually, processes_of, running, token

EXECUTOR = """
import os, subprocess, sys
from airflow.executors.base_executor import BaseExecutor
from airflow.executors.workloads import All
from pydantic import TypeAdapter

WORK = "from slipstream import compat; compat.install(); import workers; workers.work()"

class Workers(BaseExecutor):
    # A process for each task, which knows nothing but the workload's JSON.

    def start(self):
        self.processes = {}
        self.environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    def _process_workloads(self, items):
        for item in items:
            del self.queued_tasks[item.key]
            self.running.add(item.key)
            if item.ti.task_id == "fails_to_start":
                self.fail(item.key, "no such image")
                continue
            command = [sys.executable, "-c", WORK, item.model_dump_json()]
            self.processes[item.key] = subprocess.Popen(command, env=self.environment)

    def sync(self):
        for key, process in list(self.processes.items()):
            if process.poll() is not None:
                del self.processes[key]
                (self.success if process.returncode == 0 else self.fail)(key)

    def revoke_task(self, *, ti): pass
    def end(self): pass
    def terminate(self):
        for process in self.processes.values(): process.wait()

def work():
    workload = TypeAdapter(All).validate_json(sys.argv[1])
    sys.exit(BaseExecutor.run_workload(workload))
"""

DAG = """
import os
from airflow.sdk import Variable, dag, task

@dag(is_paused_upon_creation=False)
def far():
    @task
    def first():
        print("far away")
        Variable.set("seen", "yes")
        return {"pid": os.getpid(), "variable": Variable.get("seen")}
    @task
    def second(found):
        return found["variable"] + "!"
    @task(retries=0)
    def fails_to_start(): pass
    second(first())
    fails_to_start()

far()
"""


@pytest.mark.processes
def test_tasks_run_on_the_workers_of_an_executor_from_a_package(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for folder, name, text in (("dags", "far.py", DAG), ("config", "workers.py", EXECUTOR)):
        (home / folder).mkdir(parents=True)
        (home / folder / name).write_text(text)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    (home / "slipstream.toml").write_text(
        f"[core]\nexecutor = 'workers.Workers'\n"
        f"execution_api_server_url = 'http://127.0.0.1:{port}/execution/'\n"
        "[scheduler]\njob_heartbeat_sec = 0.1\n"
    )
    with running(home, "standalone", "--port", str(port)) as server:
        bearer = {"Authorization": token(server)}

        def instances() -> dict[str, dict[str, object]] | None:
            answer = server.get("/api/v2/dags/far/dagRuns/r/taskInstances", **bearer)
            assert isinstance(answer, dict)
            by_id = {one["task_id"]: one for one in answer["task_instances"]}
            done = {"success", "failed", "upstream_failed"}
            return by_id if all(one["state"] in done for one in by_id.values()) else None

        eventually(lambda: _triggered(server, bearer))
        ended = eventually(instances)
        assert {name: one["state"] for name, one in ended.items()} == {
            "first": "success",
            "second": "success",
            "fails_to_start": "failed",
        }
        value = server.get(
            "/api/v2/dags/far/dagRuns/r/taskInstances/second/xcomEntries/return_value", **bearer
        )
        assert isinstance(value, dict)
        assert value["value"] == "yes!"
        log = server.get("/api/v2/dags/far/dagRuns/r/taskInstances/first/logs/1", **bearer)
        assert "far away" in str(log)
        server.end()
    eventually(lambda: not processes_of(home))


def _triggered(server: object, bearer: dict[str, str]) -> object:
    import urllib.error

    try:
        return server.post(  # type: ignore[attr-defined]
            "/api/v2/dags/far/dagRuns", {"logical_date": None, "dag_run_id": "r"}, **bearer
        )
    except urllib.error.HTTPError as error:
        error.close()
        return None
