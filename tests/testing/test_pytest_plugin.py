"""The plugin in a project of somebody else, run by a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
DAG_FILE = """
from airflow.sdk import dag, task
from airflow.models import Variable

@dag(schedule=None)
def greets():
    @task
    def greet():
        return Variable.get("greeting") + " world"
    greet()

greets()
"""

Project = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Runs pytest on one test module of a project with one DAG file."""

    def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "dags").mkdir(exist_ok=True)
        (tmp_path / "dags" / "greets.py").write_text(DAG_FILE)
        (tmp_path / "test_dags.py").write_text(module)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        plugin = ["-p", "slipstream.testing.pytest_plugin", "-p", "no:cacheprovider"]
        return subprocess.run(
            [sys.executable, "-m", "pytest", *plugin, "-q", *arguments],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # It may be installed here, too.
                "PYTHONPATH": str(SOURCE),
                "SLIPSTREAM_HOME": str(tmp_path),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_the_fixtures_run_the_projects_dags(project: Project) -> None:
    result = project(
        """
from airflow.models import Variable
from slipstream.testing.kit import assert_loads, assert_succeeded

def test_all_files_load(dag_bag):
    assert_loads(dag_bag)
    assert dag_bag.dag_ids == ["greets"]

def test_it_greets(run_dag):
    run = run_dag("greets", variables={"greeting": "hello"})
    assert_succeeded(run)
    assert run.result("greet") == "hello world"

def test_it_greets_in_the_given_world(airflow_world, run_dag):
    airflow_world.variables["greeting"] = "good day"
    assert Variable.get("greeting") == "good day"
    assert run_dag("greets").result("greet") == "good day world"

def test_nothing_is_left_of_it(run_dag):
    assert run_dag("greets").states == {"greet": "failed"}
"""
    )
    assert "4 passed" in result.stdout, result.stdout + result.stderr


def test_a_dag_that_is_not_there_is_told_with_what_is(project: Project) -> None:
    result = project("def test_it(run_dag):\n    run_dag('greet')\n")
    assert "There is no DAG 'greet' in" in result.stdout
    assert "it has greets" in result.stdout


def test_a_folder_that_is_not_there_is_named(project: Project) -> None:
    result = project("def test_it(dag_bag): ...\n", "--dags-folder", "pipelines")
    assert "pipelines, does not exist. Name it with --dags-folder" in result.stdout


def test_airflow_is_left_alone_where_that_is_wanted(project: Project) -> None:
    module = (
        "from importlib.util import find_spec\ndef test_it(): assert not find_spec('airflow')\n"
    )
    assert "1 passed" in project(module, "-o", "slipstream_airflow=never").stdout
    assert "1 failed" in project(module, "-o", "slipstream_airflow=always").stdout
    wrong = project(module, "-o", "slipstream_airflow=perhaps")
    assert "slipstream_airflow is 'perhaps'; expected auto, always or never" in wrong.stderr
