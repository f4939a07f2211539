"""What the web app asks for beside the REST API."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tests.api.conftest import Client
from tests.api.making import ETL, NOON, a_run, recorded

from slipstream.model.changes import InstancesAdded, MapExpanded, RunChanged
from slipstream.model.run import TaskInstance
from slipstream.model.schedule import Cron
from slipstream.model.states import RunState, TaskState
from slipstream.model.version import DagVersion
from slipstream.store.interface import Store
from slipstream.store.records import RunWrite


def begin(store: Store, run_pk: int, **states: TaskState) -> None:
    """Give the run a task instance in each of these states."""
    instances = tuple(
        TaskInstance(run_pk=run_pk, task_id=task_id, state=state, start_date=NOON)
        for task_id, state in states.items()
    )
    assert not store.apply([RunWrite(run_pk, 0, [InstancesAdded(instances)])])


def test_the_last_runs_of_several_dags_come_newest_first(api: Client, store: Store) -> None:
    version = recorded(store)
    other = recorded(store, replace(ETL, dag_id="other"))
    for day in range(4):
        a_run(store, version, f"day{day}", run_after=NOON + timedelta(days=day))
    a_run(store, other, "alone")
    answer = api.get("/ui/dags/~/recentRuns", params={"dag_ids": ["etl", "other"], "count": 3})
    runs = answer.json()["runs"]
    assert [run["run_id"] for run in runs["etl"]] == ["day3", "day2", "day1"]
    assert [run["run_id"] for run in runs["other"]] == ["alone"]


def test_a_grid_sums_up_the_instances_of_every_task(api: Client, store: Store) -> None:
    run = a_run(store, recorded(store))
    begin(store, run.pk, extract=TaskState.SUCCESS)
    store.apply([RunWrite(run.pk, 1, [MapExpanded("transform", 3, 0, TaskState.SCHEDULED, NOON)])])
    [column] = api.get("/ui/dags/etl/grid").json()["columns"]
    cells = {cell["task_id"]: cell for cell in column["cells"]}
    assert column["version_number"] == 1
    assert cells["extract"]["states"] == {"success": 1}
    assert not cells["extract"].get("is_mapped")
    assert cells["transform"]["states"] == {"scheduled": 3}
    assert cells["transform"]["is_mapped"]
    assert api.get("/ui/dags/etl/runs/first/column").json() == column


def test_a_grid_goes_back_from_a_moment(api: Client, store: Store) -> None:
    version = recorded(store)
    for day in range(3):
        a_run(store, version, f"day{day}", run_after=NOON + timedelta(days=day))
    until = (NOON + timedelta(days=1)).isoformat()
    found = api.get("/ui/dags/etl/grid", params={"until": until, "count": 1}).json()["columns"]
    assert [column["run"]["run_id"] for column in found] == ["day1"]


def test_a_grid_leaves_old_runs_out_of_what_would_be_too_much(api: Client, store: Store) -> None:
    version = recorded(store)
    for day in range(3):
        a_run(store, version, f"day{day}", run_after=NOON + timedelta(days=day))
    tasks = len(ETL.tasks)
    for cells, runs, has_more in ((1, 1, True), (2 * tasks, 2, True), (3 * tasks, 3, False)):
        found = api.get("/ui/dags/etl/grid", params={"most_cells": cells}).json()
        assert (len(found["columns"]), found["has_more"]) == (runs, has_more)


def test_a_brief_grid_says_nothing_of_when_and_the_same_of_the_rest(
    api: Client, store: Store
) -> None:
    run = a_run(store, recorded(store))
    begin(store, run.pk, extract=TaskState.SUCCESS)
    [[cell], [brief]] = (
        api.get("/ui/dags/etl/grid", params=params).json()["columns"][0]["cells"]
        for params in ({}, {"brief": True})
    )
    assert cell.pop("start_date")
    assert brief == cell


def test_the_grid_of_no_dag_is_not_found(api: Client) -> None:
    assert api.get("/ui/dags/none/grid").status_code == 404


def test_a_structure_has_groups_before_what_is_in_them(api: Client, store: Store) -> None:
    recorded(store)
    found = api.get("/ui/dags/etl/structure").json()
    assert [
        (node["id"], node.get("parent_id"), node.get("is_group", False)) for node in found["nodes"]
    ] == [
        ("extract", None, False),
        ("transform", None, False),
        ("load", None, True),
        ("load.insert", "load", False),
    ]
    assert [(edge["source"], edge["target"]) for edge in found["edges"]] == [
        ("extract", "transform"),
        ("transform", "load.insert"),
    ]
    assert [node["label"] for node in found["nodes"]][-1] == "insert"


def test_a_structure_tells_the_labels_of_its_edges(api: Client, store: Store) -> None:
    labelled = replace(ETL, details={"edge_info": {"extract": {"transform": {"label": "rows"}}}})
    recorded(store, labelled)
    edges = api.get("/ui/dags/etl/structure").json()["edges"]
    assert [edge.get("label") for edge in edges] == ["rows", None]


def test_the_structure_of_an_earlier_version_stays(api: Client, store: Store) -> None:
    recorded(store)
    recorded(store, replace(ETL, tasks={"extract": ETL.tasks["extract"]}, groups={}), "# new\n")
    first = api.get("/ui/dags/etl/structure", params={"version_number": 1}).json()
    assert (first["version_number"], len(first["nodes"])) == (1, 4)
    assert len(api.get("/ui/dags/etl/structure").json()["nodes"]) == 1


def ended(store: Store, version: DagVersion, run_id: str, at: datetime, **fields: object) -> None:
    """A run that has succeeded at that moment."""
    run = a_run(store, version, run_id, **fields)
    done = replace(run, state=RunState.SUCCESS, start_date=at, end_date=at, reason="It ended.")
    assert not store.apply([RunWrite(run.pk, run.revision, [RunChanged(done)])])


def test_runs_are_counted_by_when_they_ended_not_by_when_they_were_due(
    api: Client, store: Store
) -> None:
    version = recorded(store)
    a_run(store, version, "active", run_after=NOON - timedelta(days=30))
    ended(
        store, version, "caught up", NOON - timedelta(hours=3), run_after=NOON - timedelta(days=9)
    )
    ended(store, version, "over", NOON - timedelta(days=2))
    found = api.get("/ui/runCounts").json()
    assert found["counts"] == {"queued": 1, "success": 1}
    assert len(found["hours"]) == 24
    assert [hour["counts"] for hour in found["hours"]][-3:] == [{"success": 1}, {}, {"queued": 1}]


def test_a_calendar_counts_runs_by_days_of_a_time_zone(api: Client, store: Store) -> None:
    version = recorded(store)
    late = NOON.replace(hour=23, minute=30)
    for days in (1, 2):
        due = late - timedelta(days=days)
        a_run(store, version, f"late {days}", run_after=due)
        ended(store, version, f"done {days}", due, run_after=due)
    a_run(store, version, "long ago", run_after=NOON - timedelta(days=400))
    a_run(store, recorded(store, replace(ETL, dag_id="other")), "alone", run_after=late)

    def days_in(zone: str) -> list[object]:
        found = api.get("/ui/dags/etl/calendar", params={"zone": zone}).json()["days"]
        assert [day["counts"] for day in found] == [{"queued": 1, "success": 1}] * 2
        return [day["date"] for day in found]

    assert days_in("UTC") == ["2026-02-27", "2026-02-28"]
    assert days_in("Asia/Kathmandu") == ["2026-02-28", "2026-03-01"]


def test_a_calendar_wants_a_known_dag_and_time_zone(api: Client, store: Store) -> None:
    recorded(store)
    assert api.get("/ui/dags/none/calendar").status_code == 404
    refused = api.get("/ui/dags/etl/calendar", params={"zone": "Mars/Base"})
    assert refused.status_code in (400, 422)
    assert "There is no time zone 'Mars/Base'" in refused.text


def test_the_owners_of_all_dags_are_listed_once(api: Client, store: Store) -> None:
    recorded(store)
    recorded(store, replace(ETL, dag_id="other"))
    assert api.get("/ui/owners").json() == {"owners": ["ada", "airflow", "bob"]}


def test_why_gives_the_sentences_of_the_run_and_the_task(api: Client, store: Store) -> None:
    run = a_run(store, recorded(store), reason="Somebody wanted it.")
    waiting = TaskInstance(run_pk=run.pk, task_id="extract", reason="It waits for a place.")
    store.apply([RunWrite(run.pk, 0, [InstancesAdded((waiting,))])])
    answer = api.get("/ui/dags/etl/runs/first/tasks/extract/why").json()
    assert answer.pop("waits_for").startswith("It waits for a scheduler: none was ever heard")
    assert answer == {"run": "Somebody wanted it.", "task": "It waits for a place."}


def test_backfills_are_listed_with_how_far_they_have_come(api: Client, store: Store) -> None:
    recorded(store, replace(ETL, schedule=Cron(expression="0 0 * * *")))
    body = {
        "dag_id": "etl",
        "from_date": "2026-02-01T00:00:00Z",
        "to_date": "2026-02-03T00:00:00Z",
        "run_backwards": True,
    }
    first = api.post("/backfills", body).json()
    api.put(f"/backfills/{first['id']}/cancel")
    second = api.post("/backfills", body).json()
    api.put(f"/backfills/{second['id']}/pause")
    found = api.get("/ui/backfills").json()
    assert found["total_entries"] == 2
    newer, older = found["backfills"]
    assert newer["backfill"]["id"] == second["id"]
    assert (newer["state"], newer["total"], newer["waiting"]) == ("paused", 3, 3)
    assert newer["run_backwards"]
    assert (older["state"], older["waiting"], older["skipped"]) == (
        "cancelled",
        0,
        {"cancelled": 3},
    )
    assert api.get("/ui/backfills", params={"dag_id": "other"}).json()["total_entries"] == 0
    page = api.get("/ui/backfills", params={"limit": 1, "offset": 1}).json()
    assert [one["backfill"]["id"] for one in page["backfills"]] == [first["id"]]


def test_connection_types_are_those_of_the_installed_providers(api: Client) -> None:
    answer = api.get("/ui/connectionTypes").json()
    types = {one["connection_type"]: one for one in answer["types"]}
    assert types["generic"]["hook_name"] == "Generic"
    assert types["generic"]["fields"] == {}
    assert types["fs"]["package_name"] == "apache-airflow-providers-standard"
    assert answer["can_test"] is False
