"""Loading DAG files without a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream

from slipstream.store.interface import Store

pytestmark = pytest.mark.processes

GOOD = """
from slipstream.sdk import dag, task

@dag(schedule=None)
def good():
    @task
    def work():
        return 1
    work()

good()
"""


@pytest.fixture
def dags_folder(home: Path) -> Path:
    """A folder with a good file and a broken one."""
    folder = home / "dags"
    folder.mkdir(parents=True)
    (folder / "good.py").write_text(GOOD)
    (folder / "broken.py").write_text("from slipstream.sdk import DAG\nraise SystemExit('no DAG')")
    return folder


def test_files_are_listed_without_the_store(slipstream: Slipstream, dags_folder: Path) -> None:
    rows = slipstream("dags", "list", "--local", "--output", "json").json
    assert [(row["dag_id"], row["fileloc"]) for row in rows] == [
        ("good", str(dags_folder / "good.py"))
    ]
    errors = slipstream("dags", "list-import-errors", "--local", "--output", "json")
    assert errors.code == 1
    assert [row["filepath"] for row in errors.json] == [str(dags_folder / "broken.py")]
    assert slipstream("dags", "list", "--output", "json").json == []


def test_reserialize_stores_what_the_files_hold(
    slipstream: Slipstream, dags_folder: Path, store: Store
) -> None:
    done = slipstream("dags", "reserialize")
    assert done.code == 1, "one file is broken"
    assert store.get_dag("good").latest.number == 1
    (dags_folder / "broken.py").unlink()
    (dags_folder / "good.py").unlink()
    assert slipstream("dags", "reserialize").code == 0
    assert store.get_dag("good").is_stale
    assert slipstream("dags", "list-import-errors").code == 0


def test_the_examples_are_loaded_where_the_settings_say_so(
    slipstream: Slipstream, dags_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "True")
    rows = slipstream("dags", "list", "--local", "--output", "json").json
    ids = {row["dag_id"] for row in rows}
    assert {"good", "classic_operators", "dynamic_mapping", "taskflow_etl"} <= ids


def test_one_refused_dag_costs_its_file_only_that_one(
    slipstream: Slipstream, dags_folder: Path, store: Store
) -> None:
    (dags_folder / "broken.py").write_text(
        GOOD.replace("good", "fine")
        + "from slipstream.sdk import Param\n"
        + "@dag(dag_id='bad', schedule='@daily', params={'n': Param(type='integer')})\n"
        + "def second(): pass\nsecond()\n"
    )
    assert slipstream("dags", "reserialize").code == 1
    assert store.get_dag("fine").latest.number == 1
    errors = slipstream("dags", "list-import-errors", "--local", "--output", "json").json
    (error,) = errors
    assert error["filepath"] == str(dags_folder / "broken.py")
    assert "DAG 'bad' of" in error["error"]
    tested = slipstream("dags", "test", "fine", "--dagfile-path", str(dags_folder / "broken.py"))
    assert tested.code == 0, tested
