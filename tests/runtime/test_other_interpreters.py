"""Functions called in other interpreters by real task processes."""

from __future__ import annotations

import json

import psutil
from tests.runtime.conftest import Harness, wait_until

from slipstream.model.attempt import Succeeded
from slipstream.wire import execution

FILE = """
import sys
from airflow.sdk import dag, task

@dag
def one():
    @task.external_python(python=sys.executable)
    def version():
        return "as it was loaded"

    @task.external_python(python=sys.executable)
    def secret():
        from airflow.sdk import Connection, Variable
        print("the password is", Connection.get("db").password)
        return Variable.get("setting")

    @task.external_python(python=sys.executable)
    def neighbour():
        import beside
        return beside.VALUE

    @task.external_python(python=sys.executable)
    def waits():
        import os, subprocess, time
        below = subprocess.Popen(["sleep", "600"])
        print("pids", os.getpid(), below.pid, flush=True)
        time.sleep(600)

    version(), secret(), neighbour(), waits()

one()
"""


def value(outcome: object) -> object:
    assert isinstance(outcome, Succeeded), outcome
    return json.loads(outcome.xcoms[0].value)


def test_the_source_is_that_of_the_version_that_was_loaded(harness: Harness) -> None:
    source = harness.source(path := harness.write("one.py", FILE))
    path.write_text(FILE.replace("as it was loaded", "something else"))
    assert value(harness.run(source, "version")) == "as it was loaded"


def test_settings_come_from_the_server_and_secrets_are_masked(harness: Harness) -> None:
    harness.variables["setting"] = "from the server"
    harness.connections["db"] = execution.ConnectionFound(
        conn_id="db", conn_type="generic", password="hunter22"
    )
    source = harness.source(harness.write("one.py", FILE))
    attempt = harness.start(source, "secret")
    assert value(harness.wait_ended(attempt)) == "from the server"
    text = harness.log_text(attempt)
    assert "the password is ***" in text
    assert "hunter22" not in text


def test_modules_beside_the_dag_file_can_be_imported(harness: Harness) -> None:
    harness.write("beside.py", "VALUE = 5")
    source = harness.source(harness.write("one.py", FILE))
    assert value(harness.run(source, "neighbour")) == 5


def test_a_killed_task_takes_its_interpreter_along(harness: Harness) -> None:
    source = harness.source(harness.write("one.py", FILE))
    attempt = harness.start(source, "waits")
    harness.wait_in_log(attempt, "pids")
    told = next(one["event"] for one in harness.log(attempt) if one["event"].startswith("pids"))
    pids = [int(pid) for pid in told.split()[1:]]
    assert all(map(psutil.pid_exists, pids))
    harness.host.cancel(attempt.attempt_id, "by the test")
    harness.wait_ended(attempt)
    wait_until(lambda: not any(map(psutil.pid_exists, pids)))
