"""DAGs at a glance, and waiting for the end of a run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.api.conftest import Client, token_of
from tests.api.making import ETL, a_run, recorded, started

from slipstream.model.run import TaskKey
from slipstream.model.states import RunState, TaskState
from slipstream.store.interface import Store

WAIT = "/dags/etl/dagRuns/one/wait"


@pytest.fixture(autouse=True)
def _run(store: Store) -> None:
    version = recorded(store)
    recorded(store, replace(ETL, dag_id="other"))
    started(store, a_run(store, version, "one"), version, extract=TaskState.SUCCESS)
    a_run(store, version, "two")


def test_runs_are_counted_by_state(api: Client) -> None:
    found = api.get("/dagStats").json()
    # A DAG that has no runs is not told of.
    assert [(dag["dag_id"], dag["dag_display_name"]) for dag in found["dags"]] == [("etl", "etl")]
    counts = {entry["state"]: entry["count"] for entry in found["dags"][0]["stats"]}
    assert counts == {"queued": 1, "running": 1, "success": 0, "failed": 0}
    some = api.get("/dagStats", params={"dag_ids": ["etl", "other", "no"]}).json()
    assert [dag["dag_id"] for dag in some["dags"]] == ["etl"]
    assert some["total_entries"] == 1
    assert api.get("/dagStats", params={"dag_ids": ["other"]}).json()["dags"] == []


def test_warnings_are_listed(api: Client) -> None:
    empty = {"dag_warnings": [], "total_entries": 0}
    assert api.get("/dagWarnings").json() == empty
    query = {"dag_id": "etl", "warning_type": "asset conflict", "order_by": "-timestamp"}
    assert api.get("/dagWarnings", params=query).json() == empty
    assert api.get("/dagWarnings", params={"warning_type": "odd"}).status_code == 422


def test_a_wait_ends_with_the_run_and_what_its_tasks_returned(api: Client, store: Store) -> None:
    run = store.get_run("etl", "one")
    store.set_xcom(run.pk, TaskKey("extract"), "return_value", "[1]", 1)
    for index in range(2):
        store.set_xcom(run.pk, TaskKey("transform", index), "return_value", str(index), None)
    store.set_run_state("etl", "one", RunState.SUCCESS)
    answer = api.get(WAIT, params={"interval": 9, "result": ["extract", "transform", "no"]})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in answer.text.splitlines()] == [
        {"state": "success", "results": {"extract": [1], "transform": [0, 1], "no": None}}
    ]


def test_a_wait_that_names_no_task_gives_the_results_of_the_dag(api: Client, store: Store) -> None:
    marked = {
        task_id: replace(task, details={"returns_dag_result": task_id != "load.insert"})
        for task_id, task in ETL.tasks.items()
    }
    version = recorded(store, replace(ETL, dag_id="counts", tasks=marked))
    run = a_run(store, version, "one")
    for task_id in ("extract", "load.insert"):
        store.set_xcom(run.pk, TaskKey(task_id), "return_value", "[1]", 1)
    store.set_run_state("counts", "one", RunState.SUCCESS)
    wait = WAIT.replace("etl", "counts")
    told = json.loads(api.get(wait, params={"interval": 9}).text)
    assert told == {"state": "success", "results": {"extract": [1]}}


def test_a_wait_that_makes_no_sense_is_refused(api: Client, locked: Client) -> None:
    assert api.get(WAIT).status_code == 422
    assert api.get(WAIT, params={"interval": 0}).status_code == 422
    assert api.get(WAIT.replace("one", "no"), params={"interval": 1}).status_code == 404
    assert locked.get(WAIT, params={"interval": 1}).status_code == 401
    viewer = locked.bearing(token_of(locked, "viewer"))
    assert viewer.get(WAIT.replace("one", "no"), params={"interval": 1}).status_code == 404
