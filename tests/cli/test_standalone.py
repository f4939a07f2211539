"""Real servers: started, used, ended, and nothing of them left over."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from tests.cli.database import end_of_run, wait_for_dag
from tests.cli.servers import environment, eventually, processes_of, running, token

pytestmark = pytest.mark.processes

GREETER = """
from datetime import timedelta
from slipstream.sdk import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def greeter():
    @task
    def name():
        return "world"

    @task
    def greet(name):
        print(f"hello {name}")
        return f"hello {name}"

    greet(name())

greeter()
"""


PAIRED = """
import sys
from airflow.sdk import dag, setup, task, teardown

@dag(is_paused_upon_creation=False)
def paired():
    @setup
    def make(): ...

    @task.external_python(python=sys.executable)
    def work(number):
        assert int(number) > 1

    @teardown
    def remove(): ...

    with make() >> remove():
        work("{{ ti.try_number }}")

paired()
"""


def slipstream(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "slipstream", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(home),
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_dropped_file_runs_and_everything_ends(home: Path) -> None:
    with running(home, "standalone") as server:
        health = server.get("/api/v2/monitor/health")
        assert isinstance(health, dict)
        assert health["metadatabase"]["status"] == health["scheduler"]["status"] == "healthy"

        (home / "dags" / "greeter.py").write_text(GREETER)
        wait_for_dag(home, "greeter")
        triggered = slipstream(home, "dags", "trigger", "greeter", "--run-id", "mine")
        assert triggered.returncode == 0, triggered.stderr
        assert end_of_run(home, "greeter") == "success"

        headers = {"Authorization": token(server)}
        answer = server.get(
            "/api/v2/dags/greeter/dagRuns/mine/taskInstances/greet/xcomEntries/return_value",
            **headers,
        )
        assert isinstance(answer, dict)
        assert answer["value"] in ("hello world", '"hello world"')

        assert server.end(signal.SIGTERM) == 0
    assert processes_of(home) == []


def test_cleared_work_runs_again_with_its_setup_and_teardown(home: Path) -> None:
    with running(home, "standalone"):
        (home / "dags" / "paired.py").write_text(PAIRED)
        wait_for_dag(home, "paired")
        triggered = slipstream(home, "dags", "trigger", "paired", "--run-id", "mine")
        assert triggered.returncode == 0, triggered.stderr
        assert end_of_run(home, "paired") == "failed"
        assert tries(home) == {"make": 1, "work": 1, "remove": 1}
        clear = ("tasks", "clear", "paired", "--task-regex", "work", "--yes")
        assert slipstream(home, *clear).returncode == 0
        assert end_of_run(home, "paired") == "success"
        assert tries(home) == {"make": 2, "work": 2, "remove": 2}


def tries(home: Path) -> dict[str, int]:
    """How often each task of the run was tried."""
    words = ("tasks", "states-for-dag-run", "paired", "mine", "-o", "json")
    return {
        row["task_id"]: row["try_number"] for row in json.loads(slipstream(home, *words).stdout)
    }


def test_the_first_password_is_shown_only_once(home: Path) -> None:
    with running(home, "standalone") as server:
        assert "with the password" in server.greeting
        assert server.end(signal.SIGINT) == 0
    with running(home, "standalone") as server:
        assert "with the password" not in server.greeting
    for secret in ("fernet.key", "slipstream.db", "slipstream.toml"):
        assert (home / secret).stat().st_mode & 0o077 == 0


def test_the_settings_that_a_home_begins_with_can_be_edited(home: Path) -> None:
    with running(home, "standalone"):
        pass
    file = home / "slipstream.toml"
    text = file.read_text()
    assert slipstream(home, "config", "list", "--section", "core").returncode == 0
    file.write_text(text.replace("# parallelism = 32", "parallelism = 3"))
    done = slipstream(home, "config", "get-value", "core", "parallelism", "--show-source")
    assert done.stdout.splitlines() == ["3", f"{file}:6"]


def test_a_second_server_on_the_home_is_refused(home: Path) -> None:
    with running(home, "standalone") as server:
        second = slipstream(home, "standalone")
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert str(server.process.pid) in second.stderr


def test_a_second_server_on_the_embedded_database_of_another_home_is_refused(home: Path) -> None:
    with running(home, "standalone") as server:
        other = home.with_name("other")
        other.mkdir()
        url = f"sqlite:///{home / 'slipstream.db'}"
        (other / "slipstream.toml").write_text(f"[database]\nsql_alchemy_conn = '{url}'\n")
        second = slipstream(other, "standalone")
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert f"process {server.process.pid}" in second.stderr
        assert "PostgreSQL" in second.stderr


def test_a_taken_port_is_one_line(home: Path) -> None:
    with running(home, "standalone") as server:
        port = server.url.rpartition(":")[2]
        other = slipstream(home.with_name("other"), "standalone", "--port", port)
        assert other.returncode == 1
        assert other.stderr.count("\n") == 1
        assert port in other.stderr


def test_a_killed_server_leaves_nothing_and_can_start_again(home: Path) -> None:
    with running(home, "standalone") as server:
        (home / "dags" / "greeter.py").write_text(GREETER)
        wait_for_dag(home, "greeter")
        server.end(signal.SIGKILL)
    eventually(lambda: not processes_of(home))
    with running(home, "standalone") as server:
        assert server.end() == 0


EVENINGS = """
from airflow.sdk import DAG
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable

class Evenings(Timetable):
    def infer_manual_data_interval(self, *, run_after):
        return DataInterval(run_after.subtract(days=3), run_after)
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        return None

with DAG("evenings", schedule=Evenings()):
    pass
"""


def test_the_parts_work_together_as_separate_processes(home: Path) -> None:
    assert slipstream(home, "db", "migrate").returncode == 0
    (home / "dags").mkdir()
    (home / "dags" / "greeter.py").write_text(GREETER)
    (home / "dags" / "evenings.py").write_text(EVENINGS)
    (home / "slipstream.toml").write_text("[core]\nsimple_auth_manager_all_admins = true\n")
    with running(home, "dag-processor"), running(home, "scheduler"):
        wait_for_dag(home, "greeter")
        wait_for_dag(home, "evenings")
        assert slipstream(home, "dags", "trigger", "greeter", "--run-id", "mine").returncode == 0
        assert end_of_run(home, "greeter") == "success"
        with running(home, "api-server") as api:
            health = api.get("/api/v2/monitor/health")
            assert isinstance(health, dict)
            assert health["scheduler"]["status"] == "healthy"
            assert health["dag_processor"]["status"] == "healthy"
            # It asks the timetable of the DAG's author itself, in a process that it starts.
            asked = {"logical_date": "2026-01-04T00:00:00Z"}
            run = api.post("/api/v2/dags/evenings/dagRuns", asked)
            assert isinstance(run, dict)
            assert run["data_interval_start"].startswith("2026-01-01")
            assert api.end() == 0


TELLS = """
import os, time
from pathlib import Path
from slipstream.sdk import DAG
from slipstream.sdk.operators.python import PythonOperator

HERE = Path(__file__).parent

def tell(context):
    (HERE / f"begun_{os.getpid()}").touch()
    while not (HERE / "go").exists():
        time.sleep(0.005)
    (HERE / "told").write_text(f"{context['reason']} {context['ti'].task_id}")

with DAG("tells", schedule=None, is_paused_upon_creation=False, on_success_callback=tell):
    PythonOperator(task_id="t", python_callable=print)
"""


def test_a_callback_that_was_due_when_the_server_was_killed_is_called_by_the_next_one(
    home: Path,
) -> None:
    dags = home / "dags"
    with running(home, "standalone") as server:
        dags.mkdir(exist_ok=True)
        (dags / "tells.py").write_text(TELLS)
        wait_for_dag(home, "tells")
        assert slipstream(home, "dags", "trigger", "tells", "--run-id", "one").returncode == 0
        eventually(lambda: list(dags.glob("begun_*")))
        server.end(signal.SIGKILL)
    assert not (dags / "told").exists()
    (dags / "go").touch()
    with running(home, "standalone"):
        assert eventually((dags / "told").exists)
        assert eventually((dags / "told").read_text) == "success t"
    assert len(list(dags.glob("begun_*"))) == 2


def test_the_password_is_shown_before_anybody_is_answered(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    settings = {**environment(tmp_path), "SLIPSTREAM__API__PORT": str(port)}
    shown = tmp_path / "shown"
    with shown.open("w") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "slipstream", "standalone"],
            env=settings,
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
    try:

        def answered() -> bool:
            try:
                with urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=60):
                    return True
            except URLError:
                return False

        eventually(answered)
        assert "Made the user admin with the password " in shown.read_text()
    finally:
        server.kill()
        server.wait(60)
