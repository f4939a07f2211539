"""`slipstream doctor`: what it says about files as people have them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Slipstream

from slipstream.store.interface import Store

DAG = "from airflow import DAG\nfrom datetime import datetime, timedelta\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "dags"
    path.mkdir()
    return path


def found(slipstream: Slipstream, folder: Path, *words: str) -> list[dict[str, Any]]:
    done = slipstream("doctor", str(folder), "--no-load", "--notes", "-o", "json", *words)
    assert isinstance(done.json, list)
    return done.json


@pytest.mark.parametrize(
    ("line", "level", "rule", "remedy"),
    [
        (
            "from airflow.providers.acme.operators.x import Y",
            "error",
            "provider-missing",
            "slipstream providers install acme",
        ),
        (
            "from airflow.contrib.hooks.gcp_pubsub_hook import PubSubHook",
            "error",
            "provider-missing",
            "slipstream providers install google",
        ),
        (
            "from airflow.providers.vertica.operators.vertica import VerticaOperator",
            "error",
            "provider-missing",
            "slipstream providers install vertica",
        ),
        ("from airflow.www.app import csrf", "error", "removed-name", "fastapi_apps"),
        ("import airflow.www", "error", "removed-name", "fastapi_apps"),
        (
            "from airflow.contrib.operators.mlengine_operator import MLEngineTrainingOperator",
            "error",
            "removed-name",
            "vertex_ai",
        ),
        ("from airflow.operators.subdag import SubDagOperator", "error", "sub-dag", "TaskGroup"),
        ("from airflow.operators.my_plugin import Mine", "error", "unknown-name", "plugins"),
        ("from airflow.models import Nonsense", "error", "unknown-name", "plugins"),
        ("import package_that_nobody_has", "error", "package-missing", "package_that_nobody_has"),
        ("from airflow.models import DagModel", "warning", "database-access", "REST API"),
        ("from airflow.utils.db import create_session", "warning", "database-access", "REST API"),
        ("from airflow.settings import Session", "warning", "database-access", "REST API"),
        ("from airflow.utils.db import initdb", "warning", "database-access", "slipstream db"),
        (
            "from airflow.operators.python_operator import PythonOperator",
            "note",
            "former-name",
            "airflow.providers.standard.operators.python.PythonOperator",
        ),
        ("dag = DAG('a', sla_miss_callback=print)", "warning", "removed-argument", "deadline"),
        ("x = dict(sla=timedelta(1))", "warning", "removed-argument", "deadline"),
        ("dag = DAG('a')\ndag.cli()", "warning", "removed-method", "slipstream dags test"),
        ("class Mine(BaseExecutor): ...", "warning", "custom-executor", "[core] executor"),
        (
            "class Mine(AirflowPlugin):\n    flask_blueprints = [1]",
            "warning",
            "flask-view",
            "fastapi_apps",
        ),
        ("print 'hello'", "error", "syntax", "Python 2"),
    ],
)
def test_what_would_not_work_is_named_with_its_line_and_a_remedy(
    slipstream: Slipstream, folder: Path, line: str, level: str, rule: str, remedy: str
) -> None:
    (folder / "a.py").write_text(DAG + line + "\n")
    (one,) = found(slipstream, folder)
    assert (one["level"], one["rule"], one["file"]) == (level, rule, "a.py")
    assert one["line"] == 3 + line.count("\n")
    assert remedy in one["remedy"]


@pytest.mark.parametrize(
    "text",
    [
        "from airflow.sdk import dag, task",
        "from airflow.decorators import task",
        "from airflow.providers.standard.operators.bash import BashOperator",
        "import airflow\nimport airflow.utils.state\nfrom airflow import models, settings",
        "import os, json\nimport pendulum",
        "import helper\nfrom helper import x",
        "try:\n    import nobody_has_this\nexcept ImportError:\n    pass",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import nobody_has_this",
        "from . import sibling",
        "dag = DAG('a', sla_miss_callback=None)",
    ],
)
def test_what_works_is_not_named(slipstream: Slipstream, folder: Path, text: str) -> None:
    (folder / "helper.py").write_text("x = 1\n")
    (folder / "a.py").write_text(DAG + text + "\n")
    assert found(slipstream, folder) == []


def test_a_package_that_is_missing_is_said_once_in_a_file(
    slipstream: Slipstream, folder: Path
) -> None:
    text = "from airflow.providers.acme.x import a\nfrom airflow.providers.acme.y import b\n"
    (folder / "a.py").write_text(text)
    (folder / "b.py").write_text(text)
    assert [one["file"] for one in found(slipstream, folder)] == ["a.py", "b.py"]


def test_files_are_loaded_and_the_exit_code_tells(slipstream: Slipstream, folder: Path) -> None:
    fine = "from airflow.sdk import DAG\ndag = DAG('fine')\n"
    (folder / "fine.py").write_text(fine)
    done = slipstream("doctor", str(folder))
    assert done.code == 0, done.err
    assert done.out.strip() == "Read 1 files and loaded 1: 0 errors, 0 warnings, 0 notes."
    (folder / "again.py").write_text(fine)
    (folder / "boom.py").write_text("from airflow import DAG\n\nx = {}['gone']\n")
    (folder / "told.py").write_text("from airflow import DAG\nimport nobody_has_this\n")
    done = slipstream("doctor", str(folder), "-o", "json")
    assert done.code == 1
    assert isinstance(done.json, list)
    rows = [(row["file"], row["line"], row["rule"]) for row in done.json]  # type: ignore[call-overload,index]
    assert rows == [
        ("boom.py", 3, "does-not-load"),
        ("fine.py", 1, "same-dag-id"),
        ("told.py", 2, "package-missing"),
    ]


def test_warnings_count_when_they_are_to(slipstream: Slipstream, folder: Path) -> None:
    (folder / "a.py").write_text(DAG + "dag = DAG('a', sla_miss_callback=print)\n")
    assert slipstream("doctor", str(folder), "--no-load").code == 0
    assert slipstream("doctor", str(folder), "--no-load", "--strict").code == 1


def test_a_single_file_can_be_examined(slipstream: Slipstream, folder: Path) -> None:
    (folder / "a.py").write_text("import nobody_has_this\n")
    done = slipstream("doctor", str(folder / "a.py"), "--no-load", "-o", "plain")
    assert done.code == 1
    assert "package-missing" in done.out
    assert slipstream("doctor", str(folder / "none.py")).code == 2


def test_files_are_examined_beside_a_database_of_another_release(
    slipstream: Slipstream, folder: Path, home: Path, store: Store
) -> None:
    """People look at what an upgrade brings before they migrate."""
    (folder / "a.py").write_text(
        "from airflow.sdk import DAG, Variable\n"
        "dag = DAG('a', description=Variable.get('v', default='none'))\n"
    )
    store.close()
    with closing(sqlite3.connect(home / "slipstream.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
    done = slipstream("doctor", str(folder))
    assert done.code == 0, done.err
    assert done.out.strip() == "Read 1 files and loaded 1: 0 errors, 0 warnings, 0 notes."
    assert "is at schema 0001" in done.err
    assert "without its variables and connections" in done.err


def test_examining_files_makes_no_database(
    slipstream: Slipstream, folder: Path, home: Path
) -> None:
    (folder / "a.py").write_text("from airflow.sdk import DAG\ndag = DAG('a')\n")
    assert slipstream("doctor", str(folder)).code == 0
    assert not (home / "slipstream.db").exists()


def test_what_is_wrong_is_told_and_not_the_note_below_it(
    slipstream: Slipstream, tmp_path: Path
) -> None:
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "wrong.py").write_text(
        "from datetime import datetime\n"
        "from airflow.sdk import DAG\n"
        "from airflow.providers.standard.operators.bash import BashOperator\n"
        "with DAG('mine', start_date=datetime(2026, 1, 1)):\n"
        "    BashOperator(task_id='a', bash_command='b', email_on_failure=['a@example.com'])\n"
    )
    done = slipstream("doctor", str(folder), "-o", "json")
    assert isinstance(done.json, list)
    (row,) = done.json
    assert (row["line"], row["rule"]) == (5, "does-not-load")  # type: ignore[call-overload,index]
    assert "expected True or False" in row["found"]  # type: ignore[call-overload,index]
