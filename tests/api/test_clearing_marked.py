"""Clearing an `ExternalTaskMarker` clears what it leads to in other DAGs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.api.conftest import Client
from tests.api.making import NOON, a_run, end_run, recorded, started

from slipstream.model.changes import FieldsRendered
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RunState, TaskState
from slipstream.sdk import DAG
from slipstream.sdk._spec import build_spec
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.sensors.external_task import ExternalTaskMarker
from slipstream.store.interface import Store
from slipstream.store.records import RunWrite

CLEAR = "/dags/a/clearTaskInstances"


def link(store: Store, dag_id: str, then: str | None, days: int = 0, **marker: object) -> DagRun:
    """A run of `begin >> wait >> marker`, ended; the marker leads to `wait` of the DAG `then`."""
    with DAG(dag_id, schedule=None) as dag:
        ends = EmptyOperator(task_id="begin") >> EmptyOperator(task_id="wait")
        if then is not None:
            ends >> ExternalTaskMarker(
                task_id="marker",
                external_dag_id=then,
                external_task_id="wait",
                **marker,  # type: ignore[arg-type]  # its arguments
            )
    version = recorded(store, build_spec(dag))
    run = a_run(store, version, "first", logical_date=NOON + timedelta(days=days))
    done = dict.fromkeys(dag.task_ids, TaskState.SUCCESS)
    return end_run(store, started(store, run, version, **done), RunState.SUCCESS)


def would_clear(api: Client, task_id: str = "wait", **body: object) -> list[str]:
    body = {"dag_run_id": "first", "task_ids": [task_id], "include_downstream": True, **body}
    body.setdefault("only_failed", False)
    answer = api.post(CLEAR, body)
    assert answer.status_code == 200, answer.text
    return [f"{entry['dag_id']}.{entry['task_id']}" for entry in answer.json()["task_instances"]]


def test_a_dry_run_lists_what_markers_lead_to_through_several_dags(
    api: Client, store: Store
) -> None:
    link(store, "a", "b")
    link(store, "b", "c")
    link(store, "c", None)
    listed = ["a.wait", "a.marker", "b.wait", "b.marker", "c.wait"]
    assert would_clear(api) == listed
    assert would_clear(api, include_downstream=False) == ["a.wait"]
    assert store.get_run("c", "first").state is RunState.SUCCESS


def test_all_of_it_runs_again(api: Client, store: Store) -> None:
    link(store, "a", "b")
    link(store, "b", None)
    would_clear(api, dry_run=False)
    states = {
        f"{dag_id}.{task_id}": store.get_instance(dag_id, "first", TaskKey(task_id)).instance.state
        for dag_id in ("a", "b")
        for task_id in ("begin", "wait")
    }
    assert states == {
        "a.begin": TaskState.SUCCESS,
        "a.wait": TaskState.NONE,
        "b.begin": TaskState.SUCCESS,
        "b.wait": TaskState.NONE,
    }
    assert store.get_run("b", "first").state is RunState.QUEUED


def test_a_whole_run_takes_along_what_its_markers_lead_to(api: Client, store: Store) -> None:
    link(store, "a", "b")
    link(store, "b", None)
    answer = api.post("/dags/a/dagRuns/first/clear", {"dry_run": False})
    assert answer.status_code == 200, answer.text
    assert store.get_run("b", "first").state is RunState.QUEUED


def test_only_failed_tasks_are_looked_for_there_too(api: Client, store: Store) -> None:
    link(store, "a", "b")
    link(store, "b", None)
    assert would_clear(api, only_failed=True) == []


def test_the_run_is_that_of_the_date_that_was_rendered(api: Client, store: Store) -> None:
    link(store, "a", "b", logical_date="{{ macros.ds_add(ds, 1) }}")
    link(store, "b", None, days=1)
    assert would_clear(api) == ["a.wait", "a.marker"]
    fields = {
        "external_dag_id": "b",
        "external_task_id": "wait",
        "logical_date": (NOON + timedelta(days=1)).isoformat(),
    }
    key = TaskKey("marker")
    attempt_id = store.get_instance("a", "first", key).instance.attempt_id
    assert attempt_id is not None
    run = store.get_run("a", "first")
    store.apply([RunWrite(run.pk, run.revision, [FieldsRendered(key, attempt_id, fields)])])
    assert would_clear(api) == ["a.wait", "a.marker", "b.wait"]


def test_there_is_an_end_to_it(api: Client, store: Store) -> None:
    link(store, "a", "b", recursion_depth=1)
    link(store, "b", "c")
    link(store, "c", None)
    answer = api.post(CLEAR, {"dag_run_id": "first", "only_failed": False})
    assert answer.status_code == 400
    assert "through more than 1 DAGs: the last one is 'marker' of DAG 'b'" in answer.text


def test_dags_that_mark_each_other_are_each_cleared_once(api: Client, store: Store) -> None:
    link(store, "a", "b")
    link(store, "b", "a")
    assert would_clear(api) == ["a.wait", "a.marker", "b.wait", "b.marker"]


@pytest.mark.parametrize("date", ["tomorrow", "{{ ds"])
def test_a_date_that_is_none_is_refused_or_left_out(api: Client, store: Store, date: str) -> None:
    link(store, "a", "b", logical_date=date)
    answer = api.post(CLEAR, {"dag_run_id": "first", "only_failed": False})
    if date == "tomorrow":
        assert "'tomorrow'; expected a time such as" in answer.text
    else:
        assert answer.status_code == 200
