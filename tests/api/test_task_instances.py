"""Task instances: listed, looked at, with their tries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.api.conftest import Client
from tests.api.making import ETL, NOON, a_run, at, recorded, started

from slipstream.model.changes import DeferralKept, FieldsRendered, InstanceChanged
from slipstream.model.deferral import Deferral
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import TaskState
from slipstream.store.interface import Store
from slipstream.store.records import RunWrite

RUN = "/dags/etl/dagRuns/first"
TASKS = RUN + "/taskInstances"


@pytest.fixture
def run(store: Store) -> DagRun:
    """`extract` succeeded, the three of `transform` are running, `load.insert` waits."""
    version = recorded(store)
    return started(
        store,
        a_run(store, version, logical_date=NOON),
        version,
        extract=TaskState.SUCCESS,
        transform=TaskState.RUNNING,
    )


@pytest.mark.usefixtures("run")
def test_an_instance_is_described(api: Client) -> None:
    instance = api.get(f"{TASKS}/extract").json()
    assert instance["task_id"] == instance["task_display_name"] == "extract"
    assert (instance["dag_id"], instance["dag_run_id"]) == ("etl", "first")
    assert instance["map_index"] == -1
    assert instance["state"] == "success"
    assert (instance["try_number"], instance["max_tries"]) == (1, 2)
    assert instance["start_date"] == "2026-03-01T12:00:00.123456Z"
    assert instance["duration"] == 1.5
    assert instance["pool"] == "default_pool"
    assert instance["operator"] == "PythonOperator"
    assert (instance["hostname"], instance["pid"]) == ("box", 42)
    assert instance["logical_date"] == instance["run_after"]
    assert instance["dag_version"]["version_number"] == 1
    assert instance["rendered_fields"] == {}


@pytest.mark.usefixtures("run")
def test_an_instance_that_was_not_decided_yet_has_no_state_and_a_lasting_id(api: Client) -> None:
    instance = api.get(f"{TASKS}/load.insert").json()
    assert instance["state"] is None
    assert instance["try_number"] == 0
    assert instance["id"] == api.get(f"{TASKS}/load.insert").json()["id"]


def test_rendered_fields_are_shown_without_secrets(api: Client, store: Store, run: DagRun) -> None:
    running = store.get_instance("etl", "first", TaskKey("transform", 0)).instance
    assert running.attempt_id is not None
    fields = {"sql": "select 1", "env": {"api_key": "hunter2", "n": 1}}
    rendered = FieldsRendered(TaskKey("transform", 0), running.attempt_id, fields)
    now = store.get_run("etl", "first")
    store.apply([RunWrite(now.pk, now.revision, [rendered])])
    shown = api.get(f"{TASKS}/transform/0").json()["rendered_fields"]
    assert shown == {"sql": "select 1", "env": {"api_key": "***", "n": 1}}


@pytest.mark.usefixtures("run")
def test_a_mapped_task_needs_a_map_index(api: Client) -> None:
    answer = api.get(f"{TASKS}/transform")
    assert answer.status_code == 404
    assert "map_index" in answer.json()["detail"]
    found = api.get(f"{TASKS}/transform/2").json()
    assert (found["map_index"], found["rendered_map_index"]) == (2, "2")
    assert api.get(f"{TASKS}/transform/3").status_code == 404
    assert api.get(f"{TASKS}/transform/x").status_code == 422
    assert api.get(f"{TASKS}/no").status_code == 404


@pytest.mark.usefixtures("run")
def test_the_instances_of_a_mapped_task_are_listed(api: Client) -> None:
    found = api.get(f"{TASKS}/transform/listMapped").json()
    assert [entry["map_index"] for entry in found["task_instances"]] == [0, 1, 2]
    assert found["total_entries"] == 3
    page = api.get(
        f"{TASKS}/transform/listMapped", params={"order_by": "-map_index", "limit": 1}
    ).json()
    assert [entry["map_index"] for entry in page["task_instances"]] == [2]
    only = api.get(f"{TASKS}/transform/listMapped", params={"map_index": [0, 2]}).json()
    assert only["total_entries"] == 2
    assert api.get(f"{TASKS}/no/listMapped").status_code == 404


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["extract", "transform", "transform", "transform", "load.insert"]),
        ({"task_id": "extract"}, ["extract"]),
        ({"task_group_id": "load"}, ["load.insert"]),
        ({"state": "success"}, ["extract"]),
        ({"state": ["none", "success"]}, ["extract", "load.insert"]),
        ({"state": "no_status"}, ["load.insert"]),
        ({"pool": "wide"}, ["transform"] * 3),
        ({"queue": "default", "pool": "default_pool"}, ["extract", "load.insert"]),
        ({"map_index": 1}, ["transform"]),
        ({"order_by": "-task_id", "limit": 2}, ["transform", "transform"]),
        ({"order_by": "task_id", "limit": 2}, ["extract", "load.insert"]),
        ({"start_date_gt": NOON.isoformat()}, []),
        ({"end_date_lte": "2026-03-01T12:00:02Z"}, ["extract"]),
        ({"logical_date_lt": NOON.isoformat()}, []),
        ({"try_number": 0}, ["load.insert"]),
        ({"version_number": 1, "task_id": "extract"}, ["extract"]),
        ({"version_number": 2}, []),
        ({"pool_name_pattern": "id"}, ["transform"] * 3),
        ({"queue_name_prefix_pattern": "x"}, []),
        ({"duration_gte": 1.5}, ["extract"]),
        ({"duration_lt": 1.5}, []),
        ({"dag_id_pattern": "et", "run_id_prefix_pattern": "fi", "limit": 1}, ["extract"]),
        ({"run_id_prefix_pattern": "second"}, []),
        ({"rendered_map_index_pattern": "x"}, []),
    ],
)
def test_instances_are_listed_filtered_and_ordered(
    api: Client, query: dict[str, object], expected: list[str]
) -> None:
    answer = api.get(TASKS, params=query)
    assert answer.status_code == 200, answer.text
    assert [entry["task_id"] for entry in answer.json()["task_instances"]] == expected


@pytest.mark.usefixtures("run")
def test_what_is_not_there_is_told_from_what_does_not_match(api: Client) -> None:
    assert api.get(TASKS, params={"task_id": "no"}).json()["total_entries"] == 0
    assert api.get("/dags/etl/dagRuns/no/taskInstances").status_code == 404
    assert api.get("/dags/no/dagRuns/~/taskInstances").status_code == 404
    assert api.get(TASKS, params={"state": "lost"}).status_code == 422
    assert api.get(TASKS, params={"task_group_id": "no"}).status_code == 404


def test_tildes_stand_for_all(api: Client, store: Store, run: DagRun) -> None:
    version = recorded(store, replace(ETL, dag_id="other"))
    started(store, a_run(store, version, "second"), version)
    everything = api.get("/dags/~/dagRuns/~/taskInstances").json()
    assert everything["total_entries"] == 10
    other = api.get("/dags/other/dagRuns/~/taskInstances").json()
    assert other["total_entries"] == 5
    batch = api.post(
        "/dags/~/dagRuns/~/taskInstances/list",
        {
            "dag_ids": ["etl", "other"],
            "task_ids": ["extract"],
            "state": ["success", None],
            "order_by": "-dag_id",
        },
    ).json()
    assert [entry["dag_id"] for entry in batch["task_instances"]] == ["other", "etl"]


def test_what_a_deferred_task_waits_on_is_shown_without_secrets(
    api: Client, store: Store, run: DagRun
) -> None:
    snapshot = store.load_run(run.pk)
    (load,) = (row for row in snapshot.instances if row.task_id == "load.insert")
    waits = replace(at(load, TaskState.DEFERRED), reason="It is deferred: it waits for a.B.")
    kept = Deferral(
        attempt_id=waits.attempt_id or "",
        classpath="a.B",
        kwargs='{"moment":{"__type__":"date","__value__":"2026-03-01"},"password":"hunter2"}',
        created_at=NOON,
        queue="far",
        next_method="go_on",
    )
    changes = [InstanceChanged(waits), DeferralKept(waits.key, kept)]
    store.apply([RunWrite(run.pk, snapshot.run.revision, changes)])
    trigger = api.get(f"{TASKS}/load.insert").json()["trigger"]
    assert trigger["id"] > 0
    assert trigger == {
        "id": trigger["id"],
        "classpath": "a.B",
        "kwargs": '{"moment": "2026-03-01", "password": "***"}',
        "created_date": "2026-03-01T12:00:00.123456Z",
        "queue": "far",
        "triggerer_id": None,
    }
    listed = api.get(TASKS).json()["task_instances"]
    assert [row["trigger"] for row in listed if row["task_id"] == "load.insert"] == [trigger]
    assert {row["trigger"] for row in listed if row["task_id"] != "load.insert"} == {None}
    dependencies = api.get(f"{TASKS}/load.insert/dependencies").json()["dependencies"]
    assert dependencies == [{"name": "Task", "reason": "It is deferred: it waits for a.B."}]


def test_every_try_is_kept(api: Client, store: Store, run: DagRun) -> None:
    first = store.get_instance("etl", "first", TaskKey("extract")).instance
    failed = replace(first, state=TaskState.UP_FOR_RETRY)
    store.apply([RunWrite(run.pk, run.revision, [InstanceChanged(failed)])])
    for state in (TaskState.QUEUED, TaskState.RUNNING):
        again = at(first, state, try_number=2)
        seen = store.get_run("etl", "first").revision
        store.apply([RunWrite(run.pk, seen, [InstanceChanged(again)])])

    tries = api.get(f"{TASKS}/extract/tries").json()
    assert [entry["try_number"] for entry in tries["task_instances"]] == [1, 2]
    assert tries["task_instances"][-1]["state"] == "running"
    assert tries["total_entries"] == 2
    one = api.get(f"{TASKS}/extract/tries/1").json()
    assert one == tries["task_instances"][0]
    assert one["end_date"] is not None
    assert api.get(f"{TASKS}/extract/tries/3").status_code == 404


@pytest.mark.usefixtures("run")
def test_the_tries_of_a_mapped_instance_are_found_both_ways(api: Client) -> None:
    by_path = api.get(f"{TASKS}/transform/1/tries").json()
    assert [entry["map_index"] for entry in by_path["task_instances"]] == [1]
    by_query = api.get(f"{TASKS}/transform/tries", params={"map_index": 1}).json()
    assert by_query == by_path
    assert api.get(f"{TASKS}/transform/1/tries/1").json() == by_path["task_instances"][0]


def test_what_an_instance_waits_for_is_said(api: Client, store: Store, run: DagRun) -> None:
    waiting = store.get_instance("etl", "first", TaskKey("load.insert")).instance
    waiting = replace(waiting, reason="Waits for 3 of transform.")
    store.apply([RunWrite(run.pk, run.revision, [InstanceChanged(waiting)])])
    found = api.get(f"{TASKS}/load.insert/dependencies").json()
    assert found == {"dependencies": [{"name": "Task", "reason": "Waits for 3 of transform."}]}
    assert api.get(f"{TASKS}/extract/dependencies").json() == {"dependencies": []}
    assert api.get(f"{TASKS}/transform/0/dependencies").json() == {"dependencies": []}
