"""A DAG whose tasks run on workers, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.cli.servers import RunningServer

LIMIT_SECONDS = 300.0
ENDED = {"success", "failed", "upstream_failed", "skipped"}

DAG = """
import os
from datetime import timedelta
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, dag, task

class Wait(BaseOperator):
    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(0)), method_name="go_on")

    def go_on(self, context, event=None):
        return "went on"

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
    wait = Wait(task_id="wait")
    broken = BashOperator(task_id="broken", bash_command="exit 3")
    flaky(double.expand(n=numbers())) >> shell >> wait >> broken

far()
"""

STATES = {
    "numbers": ["success"],
    "double": ["success"] * 3,
    "flaky": ["success"],
    "shell": ["success"],
    "wait": ["success"],
    "broken": ["failed"],
}

ATTEMPTS = 10
"""One for each instance, a second one of `flaky`, and one for `wait` to go on."""


def dag_is_there(server: RunningServer, bearer: dict[str, str]) -> bool:
    """Whether the server has read the file."""
    answer = server.get("/api/v2/dags", **bearer)
    assert isinstance(answer, dict)
    return [one["dag_id"] for one in answer["dags"]] == ["far"]


def wait_for_the_end(
    server: RunningServer, bearer: dict[str, str], is_alive: Callable[[], bool]
) -> dict[str, list[str]]:
    """The states of the tasks. Workers import Airflow's provider before the first."""
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        assert is_alive(), "what runs the tasks has ended"
        answer = server.get("/api/v2/dags/far/dagRuns/r/taskInstances", **bearer)
        assert isinstance(answer, dict)
        found: dict[str, list[str]] = {}
        for one in answer["task_instances"]:
            found.setdefault(one["task_id"], []).append(one["state"])
        if found and all(state in ENDED for states in found.values() for state in states):
            return found
        time.sleep(0.2)
    raise AssertionError(f"after {LIMIT_SECONDS} s the tasks are {found}")
