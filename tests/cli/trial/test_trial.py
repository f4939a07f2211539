"""`slipstream dags test` and `slipstream tasks test`, with real task processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream
from tests.cli.servers import environment, processes_of

pytestmark = pytest.mark.processes

FLOW = """
import os
from datetime import datetime, timedelta
from slipstream.sdk import Variable, dag, task

@dag(schedule="@daily", start_date=datetime(2999, 1, 1))
def flow():
    @task(retries=1, retry_delay=timedelta(days=1))
    def first():
        print("first says", Variable.get("word", "nothing"), os.environ.get("EXTRA"))
        Variable.set("word", "changed")

    @task(pool="nobody_made_it")
    def second():
        print("second runs")

    @task
    def broken():
        raise ValueError("no good")

    first() >> second() >> broken()

flow()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "flow.py"
    path.write_text(FLOW)
    return path


def test_a_file_is_run_to_its_end_and_leaves_no_trace(
    slipstream: Slipstream, home: Path, file: Path
) -> None:
    done = slipstream("dags", "test", str(file))
    assert done.code == 1
    lines = done.out.splitlines()
    assert "first | first says nothing None" in lines
    assert "second | second runs" in lines
    assert any(line.startswith("broken: failed") and "no good" in line for line in lines)
    assert lines[-1].startswith("flow: failed")
    assert not home.exists()


def test_a_timetable_makes_no_run_beside_the_one_that_is_tried(
    slipstream: Slipstream, tmp_path: Path
) -> None:
    file = tmp_path / "often.py"
    file.write_text(
        f"""
import time
from slipstream.sdk import dag, task

@dag(schedule="* * * * *")
def often():
    @task
    def mark():
        with open({str(tmp_path / "marks")!r}, "a") as marks:
            marks.write("x")
        time.sleep(0.5)
    mark()
often()
"""
    )
    assert slipstream("dags", "test", str(file)).code == 0
    assert (tmp_path / "marks").read_text() == "x"


def test_chosen_tasks_succeed_without_being_run(slipstream: Slipstream, file: Path) -> None:
    done = slipstream("dags", "test", str(file), "--mark-success-pattern", "broken|second")
    assert done.code == 0
    assert "second | second runs" not in done.out
    assert "flow: success" in done.out


def test_variables_are_those_of_the_home_and_stay_as_they_are(
    slipstream: Slipstream, file: Path
) -> None:
    slipstream("variables", "set", "word", "hello")
    done = slipstream("tasks", "test", str(file), "first", "--env-vars", '{"EXTRA": 7}')
    os.environ.pop("EXTRA")
    assert done.code == 0
    assert "first | first says hello 7" in done.out.splitlines()
    assert slipstream("variables", "get", "word").out == "hello\n"
    assert slipstream("dags", "list", "-o", "json").json == []


def test_a_dag_is_found_by_its_id_in_the_dags_folder(
    slipstream: Slipstream, home: Path, file: Path
) -> None:
    (home / "dags").mkdir(parents=True)
    file.rename(home / "dags" / "flow.py")
    (home / "dags" / "broken.py").write_text("from slipstream.sdk import DAG\nraise ValueError")
    assert slipstream("tasks", "test", "flow", "second", "2026-01-01").code == 0
    missing = slipstream("dags", "test", "nonsense")
    assert missing.code == 1
    assert missing.err.count("\n") == 1
    assert "broken.py" in missing.err


def test_a_file_of_another_bundle_is_not_tried(
    slipstream: Slipstream, home: Path, file: Path
) -> None:
    for verb, *words in (["test"], ["test", "first"]):
        noun = "tasks" if words else "dags"
        done = slipstream(noun, verb, str(file), *words, "-B", "dags-folder")
        assert (done.code, "its bundle is none" in done.err) == (1, True)
    (home / "dags").mkdir(parents=True)
    file.rename(home / "dags" / "flow.py")
    chosen = ("--mark-success-pattern", "broken|second", "-B", "dags-folder")
    assert slipstream("dags", "test", "flow", *chosen).code == 0


def test_a_failing_task_is_tried_once(slipstream: Slipstream, file: Path) -> None:
    done = slipstream("tasks", "test", str(file), "broken")
    assert done.code == 1
    assert done.out.count("ValueError: no good") >= 1
    assert "at try 2" not in done.out


def test_unknown_names_are_one_line(slipstream: Slipstream, file: Path) -> None:
    for words in (
        ["tasks", "test", str(file), "nonsense"],
        ["dags", "test", str(file.with_name("missing.py"))],
        ["dags", "test", "nonsense", "--dagfile-path", str(file)],
    ):
        done = slipstream(*words)
        assert done.code == 1
        assert done.err.count("\n") == 1


def test_a_file_that_does_not_load_shows_why(slipstream: Slipstream, file: Path) -> None:
    file.write_text("import nonsense_that_is_not_there")
    done = slipstream("dags", "test", str(file))
    assert done.code == 1
    assert "nonsense_that_is_not_there" in done.err


def test_an_interrupt_ends_the_tasks(tmp_path: Path) -> None:
    file = tmp_path / "slow.py"
    file.write_text(
        "import time\nfrom slipstream.sdk import dag, task\n"
        "@dag(schedule=None)\ndef slow():\n"
        "    @task\n    def quick(): print('quick is done')\n"
        "    @task\n    def wait(): time.sleep(300)\n"
        "    quick()\n    wait()\nslow()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "slipstream", "dags", "test", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path / "home"),
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "quick: success" in line:
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert processes_of(tmp_path / "home") == []


def test_airflows_setting_gives_each_task_an_interpreter(
    slipstream: Slipstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "where.py"
    file.write_text(
        "import pathlib\n"
        "from slipstream.sdk import dag, task\n"
        "@dag\n"
        "def where():\n"
        "    task(lambda: print(pathlib.Path('/proc/self/cmdline').read_text()), task_id='t')()\n"
        "where()\n"
    )
    assert "slipstream.runtime.fresh" not in slipstream("dags", "test", str(file)).out
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTE_TASKS_NEW_PYTHON_INTERPRETER", "True")
    assert "slipstream.runtime.fresh" in slipstream("dags", "test", str(file)).out


TELLING = """
from datetime import timedelta
from slipstream.sdk import DAG, ExceptionRetryPolicy, RetryRule
from slipstream.sdk.operators.python import PythonOperator
def tell(context):
    print("told of", context["reason"], context["ti"].task_id, context["ti"].try_number)
def flaky(ti):
    if ti.try_number < 2:
        raise KeyError("not yet")
with DAG("telling", on_success_callback=tell, on_failure_callback=tell):
    PythonOperator(
        task_id="flaky",
        python_callable=flaky,
        retries=1,
        retry_policy=ExceptionRetryPolicy([RetryRule(KeyError, retry_delay=timedelta(days=1))]),
    )
"""


def test_callbacks_are_called_and_shown_and_retries_are_at_once(
    slipstream: Slipstream, tmp_path: Path
) -> None:
    path = tmp_path / "telling.py"
    path.write_text(TELLING)
    done = slipstream("dags", "test", str(path))
    assert done.code == 0, done.out + done.err
    assert "callbacks | told of success flaky 2" in done.out.splitlines()
    assert "callbacks" not in slipstream("tasks", "test", "telling", "flaky").out


def test_a_task_may_start_a_run_of_another_dag_of_the_file(
    slipstream: Slipstream, tmp_path: Path
) -> None:
    file = tmp_path / "both.py"
    file.write_text(
        """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG
with DAG("worker", schedule="@daily", catchup=True):
    BashOperator(task_id="work", bash_command="test {{ dag_run.conf['who'] }} = you")
with DAG("caller"):
    TriggerDagRunOperator(
        task_id="call", trigger_dag_id="worker", conf={"who": "you"}, wait_for_completion=True,
        poke_interval=3600,
    )
"""
    )
    done = slipstream("dags", "test", "caller", "--dagfile-path", str(file))
    assert done.code == 0, done.out
    assert done.out.splitlines()[-1].startswith("caller: success")


def test_a_task_that_is_deferred_goes_on_when_its_trigger_has_fired(
    slipstream: Slipstream, tmp_path: Path
) -> None:
    path = tmp_path / "waits.py"
    path.write_text(
        """
from datetime import timedelta
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator

class Waits(BaseOperator):
    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(milliseconds=1)), method_name="go_on")

    def go_on(self, context, event=None):
        print("went on")

with DAG("d"):
    Waits(task_id="w")
"""
    )
    done = slipstream("dags", "test", str(path))
    assert done.code == 0, done.out
    assert "w | went on" in done.out.splitlines()


def test_the_run_is_drawn_with_the_colours_of_its_states(
    slipstream: Slipstream, file: Path, tmp_path: Path
) -> None:
    drawing = tmp_path / "run.dot"
    done = slipstream(
        "dags", "test", str(file), "--show-dagrun", "--save-dagrun", str(drawing),
        "--mark-success-pattern", "first",
    )  # fmt: skip
    assert done.code == 1
    drawn = drawing.read_text()
    assert drawn in done.out
    first, second, broken = (
        line.partition("fillcolor=")[2] for line in drawn.splitlines() if "[label=" in line
    )
    assert first == second != broken != ""
    refused = slipstream("dags", "test", str(file), "--save-dagrun", "run.png")
    assert refused.code == 2
    assert "expected one of .dot, .gv" in refused.err
