"""Listeners of a server: told of what files bring and of what people do over the API."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.servers import eventually, running, token

LISTENER = """
import pathlib, re
from airflow.listeners import hookimpl

def note(*words):
    with open(pathlib.Path(__file__).parent / "noted", "a") as file:
        print(*words, sep="|", file=file)

@hookimpl
def on_asset_created(asset): note("asset", asset.name, asset.uri)

@hookimpl
def on_asset_alias_created(asset_alias): note("alias", asset_alias.name)

@hookimpl
def on_asset_event_emitted(asset_event):
    note("event", asset_event.asset.uri, asset_event.extra["rows"], asset_event.partition_key)
    raise RuntimeError("this listener is broken")

@hookimpl
def on_new_dag_import_error(filename, stacktrace):
    note("new", pathlib.Path(filename).name, *re.findall("no_[a-z]+_one", stacktrace)[-1:])

@hookimpl
def on_existing_dag_import_error(filename, stacktrace):
    note("existing", pathlib.Path(filename).name, *re.findall("no_[a-z]+_one", stacktrace)[-1:])

@hookimpl
def on_task_instance_success(previous_state, task_instance):
    ti = task_instance
    if previous_state is None:
        note("success", ti.dag_id, ti.task_id, ti.state, ti.operator, ti.get_dagrun().run_id)

@hookimpl
def on_task_instance_failed(previous_state, task_instance, error):
    note("failed", task_instance.task_id, error)

@hookimpl
def on_dag_run_success(dag_run, msg): note("run", dag_run.run_id, dag_run.state, msg)
"""
PLUGIN = """
import ear
from airflow.plugins_manager import AirflowPlugin

class P(AirflowPlugin):
    name = "p"
    listeners = [ear]
"""
DAG_FILE = """
from airflow.sdk import DAG, Asset, AssetAlias
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("made", schedule=None):
    EmptyOperator(task_id="a", outlets=[Asset("table", uri="s3://b/t"), AssetAlias("any")])
    EmptyOperator(task_id="b")
"""


@pytest.mark.processes
def test_listeners_are_told_of_what_files_bring_and_of_what_people_do(tmp_path: Path) -> None:
    home = tmp_path / "home"
    plugins, dags = home / "plugins", home / "dags"
    for folder in (plugins, dags):
        folder.mkdir(parents=True)
    (plugins / "ear.py").write_text(LISTENER)
    (plugins / "p.py").write_text(PLUGIN)
    (dags / "made.py").write_text(DAG_FILE)
    (dags / "bad.py").write_text("from airflow.sdk import DAG\nimport no_such_one\n")
    noted = plugins / "noted"

    def lines() -> list[str]:
        return noted.read_text().splitlines() if noted.exists() else []

    def told(line: str) -> None:
        eventually(lambda: line in lines())

    with running(home, "standalone") as server:
        head = {"Authorization": token(server)}
        told("asset|table|s3://b/t")
        told("alias|any")
        told("new|bad.py|no_such_one")
        (dags / "bad.py").write_text("from airflow.sdk import DAG\nimport no_other_one\n")
        told("existing|bad.py|no_other_one")

        found = server.get("/api/v2/assets", **head)
        assert isinstance(found, dict)
        body = {"asset_id": found["assets"][0]["id"], "extra": {"rows": 3}, "partition_key": "k"}
        server.post("/api/v2/assets/events", body, **head)
        told("event|s3://b/t|3|k")

        runs = "/api/v2/dags/made/dagRuns"
        server.post(runs, {"dag_run_id": "r", "logical_date": None}, **head)
        instances = f"{runs}/r/taskInstances"
        server.send("PATCH", "/api/v2/dags/made", {"is_paused": False}, **head)
        eventually(lambda: server.get(f"{runs}/r", **head)["state"] == "success")  # type: ignore[index]
        server.send("PATCH", f"{instances}/b", {"new_state": "failed"}, **head)
        told("failed|b|TaskInstance's state was manually set to `failed`.")
        server.send("PATCH", f"{instances}/b", {"new_state": "success"}, **head)
        told("success|made|b|success|EmptyOperator|r")
        server.send("PATCH", f"{runs}/r", {"state": "success"}, **head)
        told("run|r|success|Dag Run's state was manually set to `success`.")

    assert len(lines()) == len(set(lines()))
