"""Cluster policies: where they are found, what they may change and refuse, and who runs them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.runtime.conftest import HEADER, Harness

from slipstream.model.attempt import Failed, Succeeded
from slipstream.runtime.jobs import source_of

TWO_DAGS = (
    HEADER
    + """
def told(ti):
    names = os.environ
    return [ti.queue, ti.pool, names["AIRFLOW_CTX_TASK_ID"], names.get("AIRFLOW_CTX_TEAM")]

with DAG("one") as one:
    PythonOperator(task_id="told", python_callable=told)
    PythonOperator.partial(task_id="each", python_callable=told).expand(op_args=[[], []])
with DAG("two") as two:
    BashOperator(task_id="told", bash_command="true")
"""
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose config folder takes local settings."""
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    monkeypatch.setenv("SLIPSTREAM_HOME", str(home))
    return home


def settings(home: Path, text: str, folder: str = "config") -> None:
    (home / folder).mkdir(exist_ok=True)
    (home / folder / "airflow_local_settings.py").write_text(text)


def test_policies_change_dags_and_tasks_before_anybody_sees_them(
    harness: Harness, home: Path
) -> None:
    settings(
        home,
        """
def dag_policy(dag):
    dag.tags.add("checked")

def task_policy(task):
    task.owner = "platform"
    task.retries = 4
    if task.task_type == "BashOperator":
        task.pool = "shells"
""",
    )
    parsed = harness.parse(harness.write("one.py", TWO_DAGS))
    assert parsed.error is None, parsed.error
    one, two = parsed.dags
    assert one.tags == two.tags == ("checked",)
    assert [(task.owner, task.retries) for task in one.tasks.values()] == [("platform", 4)] * 2
    assert (one.tasks["told"].pool, two.tasks["told"].pool) == ("default_pool", "shells")


def test_what_a_policy_sets_on_a_mapped_task_holds_for_its_instances(
    harness: Harness, home: Path
) -> None:
    settings(
        home,
        """
def on_success(context):
    print("called back by the policy")

def task_policy(task):
    task.on_success_callback = [on_success]
""",
    )
    source = harness.source(harness.write("one.py", TWO_DAGS))
    attempt = harness.start(source, "each", map_index=1)
    assert isinstance(harness.wait_ended(attempt), Succeeded), harness.log_text(attempt)
    harness.wait_in_log(attempt, "called back by the policy")


def test_a_refused_dag_costs_the_file_only_that_one(harness: Harness, home: Path) -> None:
    settings(
        home,
        """
from airflow.exceptions import AirflowClusterPolicyViolation

def task_policy(task):
    if task.dag_id == "two":
        raise AirflowClusterPolicyViolation("no shells here")
""",
    )
    path = harness.write("one.py", TWO_DAGS)
    parsed = harness.parse(path)
    assert [dag.dag_id for dag in parsed.dags] == ["one"]
    assert parsed.error is not None
    assert f"DAG 'two' of {path} is refused" in parsed.error
    assert "AirflowClusterPolicyViolation: no shells here" in parsed.error
    assert "refuses task 'told' of DAG 'two'" in parsed.error
    assert "airflow_local_settings.py" in parsed.error
    assert isinstance(harness.run(source_of(str(path), parsed.sources), "told"), Succeeded)


def test_a_dag_can_be_left_out_without_an_error(harness: Harness, home: Path) -> None:
    settings(
        home,
        """
from airflow.exceptions import AirflowClusterPolicySkipDag

def dag_policy(dag):
    if dag.dag_id == "two":
        raise AirflowClusterPolicySkipDag
""",
    )
    parsed = harness.parse(harness.write("one.py", TWO_DAGS))
    assert parsed.error is None
    assert [dag.dag_id for dag in parsed.dags] == ["one"]


def test_a_policy_that_fails_itself_is_named(harness: Harness, home: Path) -> None:
    settings(home, "def task_policy(task):\n    task.nowhere.to_be_found\n")
    parsed = harness.parse(harness.write("one.py", TWO_DAGS))
    assert parsed.dags == ()
    assert parsed.error is not None
    assert "AirflowClusterPolicyError" in parsed.error
    assert "failed on task 'told' of DAG 'one'" in parsed.error
    assert "has no attribute 'nowhere'" in parsed.error
    assert "task.nowhere.to_be_found" in parsed.error


def test_broken_local_settings_are_the_import_error_of_every_file(
    harness: Harness, home: Path
) -> None:
    settings(home, "import nowhere_to_be_found\n")
    parsed = harness.parse(harness.write("one.py", TWO_DAGS))
    assert parsed.error is not None
    assert "airflow_local_settings.py" in parsed.error
    assert "nowhere_to_be_found" in parsed.error


HOOK = """
def task_instance_mutation_hook(task_instance, dag_run=None):
    task_instance.queue = "special"
    if dag_run is not None:
        task_instance.pool = dag_run.run_id

def get_airflow_context_vars(context):
    return {"team": context["ti"].dag_id}
"""


def test_task_instances_are_changed_where_they_are_planned_and_where_they_run(
    harness: Harness, home: Path
) -> None:
    settings(home, HOOK)
    path = harness.write("one.py", TWO_DAGS)
    parsed = harness.parse(path)
    task = parsed.dags[0].tasks["told"]
    assert (task.queue, task.pool) == ("special", "default_pool")
    outcome = harness.run(source_of(str(path), parsed.sources), "told")
    assert isinstance(outcome, Succeeded)
    assert outcome.xcoms[0].value == '["special","run1","told","one"]'


def test_a_hook_that_fails_while_the_task_runs_fails_it(harness: Harness, home: Path) -> None:
    settings(
        home,
        """
def task_instance_mutation_hook(task_instance, dag_run):
    if dag_run is not None:
        raise ValueError("not on my machine")
""",
    )
    attempt = harness.start(harness.source(harness.write("one.py", TWO_DAGS)), "told")
    outcome = harness.wait_ended(attempt)
    assert isinstance(outcome, Failed)
    assert "not on my machine" in outcome.message


@pytest.mark.parametrize(("answer", "loads"), [("30", True), ("0", True), ("0.2", False)])
def test_the_time_to_load_a_file_is_the_policys(
    harness: Harness, home: Path, answer: str, loads: bool
) -> None:
    harness.configure(load_timeout_seconds=0.6, timeout_grace_seconds=0.1)
    settings(home, f"def get_dagbag_import_timeout(dag_file_path):\n    return {answer}\n")
    # Longer than the setting, and than the host's own patience with a file that does not react.
    parsed = harness.parse(harness.write("one.py", HEADER + "time.sleep(1)\ndag = DAG('one')"))
    if loads:
        assert parsed.error is None
    else:
        assert "longer than 0.2 s" in (parsed.error or "")


def test_a_time_that_is_no_number_is_an_error(harness: Harness, home: Path) -> None:
    settings(home, "def get_dagbag_import_timeout(dag_file_path):\n    return 'long'\n")
    parsed = harness.parse(harness.write("one.py", TWO_DAGS))
    assert "get_dagbag_import_timeout answered 'long'" in (parsed.error or "")


def test_local_settings_may_lie_in_the_plugins_folder_or_on_the_path(
    harness: Harness, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "def dag_policy(dag):\n    dag.tags.add('from here')\n"
    settings(home, text, "plugins")
    assert harness.parse(harness.write("one.py", TWO_DAGS)).dags[0].tags == ("from here",)
    (home / "plugins" / "airflow_local_settings.py").unlink()
    settings(home, text, "elsewhere")
    harness.stop()
    known = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{home}/elsewhere:{known}")
    again = Harness(harness.dags.parent / "again")
    try:
        path = again.write(
            "one.py", TWO_DAGS + "\nthree = DAG(os.environ.get('AIRFLOW_CTX_DAG_ID', 'none'))"
        )
        parsed = again.parse(path)
        assert [dag.dag_id for dag in parsed.dags] == ["one", "two", "none"]
        assert parsed.dags[0].tags == ("from here",)
    finally:
        again.stop()


PLUGIN = """
from airflow.policies import hookimpl

@hookimpl
def dag_policy(dag):
    dag.tags.add("of the plugin")

@hookimpl
def get_dagbag_import_timeout():
    return 20
"""


def test_policies_of_installed_packages_are_found(
    harness: Harness, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = home / "site"
    (site / "rules-1.0.dist-info").mkdir(parents=True)
    (site / "rules.py").write_text(PLUGIN)
    (site / "rules-1.0.dist-info" / "METADATA").write_text("Name: rules\nVersion: 1.0\n")
    (site / "rules-1.0.dist-info" / "entry_points.txt").write_text(
        "[airflow.policy]\nrules = rules\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{site}:{os.environ.get('PYTHONPATH', '')}")
    settings(home, "def dag_policy(dag):\n    dag.tags.add('of the home')\n")
    parsed = harness.parse(harness.write("one.py", TWO_DAGS))
    assert parsed.error is None, parsed.error
    assert parsed.dags[0].tags == ("of the home", "of the plugin")


def test_modules_of_the_plugins_folder_can_be_imported(harness: Harness, home: Path) -> None:
    (home / "plugins").mkdir()
    (home / "plugins" / "our_operators.py").write_text("NAME = 'from the plugins'\n")
    path = harness.write_tasks("from our_operators import NAME\ndef says(): return NAME")
    outcome = harness.run(harness.source(path), "says")
    assert isinstance(outcome, Succeeded)
    assert outcome.xcoms[0].value == '"from the plugins"'
