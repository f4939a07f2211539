"""DAGs, their tags, tasks, versions and sources."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.api.conftest import Client
from tests.api.making import ETL, NOON, a_run, recorded, started
from tests.store.making import parsed

from slipstream.model.dag import DagSpec
from slipstream.model.schedule import Continuous, Cron, NoSchedule, Once
from slipstream.model.states import RunState, TaskState
from slipstream.store.interface import Store


def test_a_dag_is_described(api: Client, store: Store) -> None:
    recorded(store)
    dag = api.get("/dags/etl").json()
    assert dag["dag_id"] == dag["dag_display_name"] == "etl"
    assert dag["is_paused"] is True
    assert dag["is_stale"] is False
    assert dag["last_parsed_time"] == "2026-03-01T12:00:00.123456Z"
    assert dag["fileloc"] == "/dags/etl.py"
    assert dag["relative_fileloc"] == "etl.py"
    assert dag["timetable_summary"] == "0 6 * * *"
    assert dag["timetable_periodic"] is True
    assert dag["owners"] == ["ada", "airflow", "bob"] or dag["owners"] == ["ada", "bob"]
    assert [tag["name"] for tag in dag["tags"]] == ["data", "nightly"]
    assert dag["tags"][0] == {"name": "data", "dag_id": "etl", "dag_display_name": "etl"}
    assert dag["has_task_concurrency_limits"] is False
    assert dag["next_dagrun_run_after"] is None


def test_a_dags_details_add_to_that(api: Client, store: Store) -> None:
    version = recorded(store, replace(ETL, doc_md="# Hello", display_name="E T L"))
    started(store, a_run(store, version), version)
    dag = api.get("/dags/etl/details").json()
    assert dag["dag_display_name"] == "E T L"
    assert dag["doc_md"] == "# Hello"
    assert dag["catchup"] is False
    assert dag["start_date"] == "2026-03-01T12:00:00.123456Z"
    assert dag["params"]["rows"]["value"] == 10
    assert dag["concurrency"] == dag["max_active_tasks"] == 16
    assert dag["active_runs_count"] == 1
    assert dag["latest_dag_version"]["version_number"] == 1
    assert dag["latest_dag_version"]["id"] == version.version_id


@pytest.mark.parametrize(
    ("schedule", "summary", "periodic"),
    [
        (NoSchedule(), None, False),
        (Once(), "@once", False),
        (Continuous(), "@continuous", False),
        (Cron(expression="@daily"), "@daily", True),
    ],
)
def test_a_schedule_is_put_in_words(
    api: Client, store: Store, schedule: object, summary: str | None, periodic: bool
) -> None:
    recorded(store, replace(ETL, schedule=schedule))
    dag = api.get("/dags/etl").json()
    assert dag["timetable_summary"] == summary
    assert dag["timetable_periodic"] is periodic
    assert dag["timetable_description"]


def test_a_dag_that_there_is_not_is_not_found(api: Client) -> None:
    for path in ("/dags/no", "/dags/no/details", "/dags/no/tasks", "/dags/no/dagRuns"):
        answer = api.get(path)
        assert answer.status_code == 404, path
        assert "no" in answer.json()["detail"]


def test_dags_are_listed_in_pages(api: Client, store: Store) -> None:
    for number in range(5):
        recorded(store, DagSpec(dag_id=f"dag_{number}"))
    page = api.get("/dags", params={"limit": 2, "offset": 1, "order_by": "-dag_id"}).json()
    assert [dag["dag_id"] for dag in page["dags"]] == ["dag_3", "dag_2"]
    assert page["total_entries"] == 5


def test_a_page_is_never_longer_than_the_settings_allow(api: Client, store: Store) -> None:
    for number in range(3):
        recorded(store, DagSpec(dag_id=f"dag_{number:03}"))
    assert len(api.get("/dags", params={"limit": 10_000}).json()["dags"]) == 3
    assert api.get("/dags", params={"limit": 0}).json() == {"dags": [], "total_entries": 3}
    assert api.get("/dags", params={"limit": -1}).status_code == 422


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"dag_id_pattern": "a_"}, ["a_b", "axb"]),
        ({"dag_id_pattern": "A%B"}, ["a_b", "axb"]),
        ({"dag_id_prefix_pattern": "a_"}, ["a_b"]),
        ({"dag_id_pattern": "~"}, ["a_b", "axb", "c"]),
        ({"tags": ["red"]}, ["a_b", "axb"]),
        ({"tags": ["red", "blue"]}, ["a_b", "axb", "c"]),
        ({"tags": ["red", "blue"], "tags_match_mode": "all"}, ["axb"]),
        ({"paused": "false"}, ["c"]),
        ({"dag_display_name_pattern": "third"}, ["c"]),
        ({"has_import_errors": "true"}, []),
    ],
)
def test_dags_are_filtered(
    api: Client, store: Store, query: dict[str, object], expected: list[str]
) -> None:
    recorded(store, DagSpec(dag_id="a_b", tags=("red",)))
    recorded(store, DagSpec(dag_id="axb", tags=("red", "blue")))
    recorded(store, DagSpec(dag_id="c", tags=("blue",), display_name="The third"))
    store.set_paused(["c"], False)
    found = api.get("/dags", params=query).json()["dags"]
    assert [dag["dag_id"] for dag in found] == expected


def test_a_filter_that_there_is_not_is_refused(api: Client) -> None:
    answer = api.get("/dags", params={"pausd": "true"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "pausd"]


def test_an_order_that_there_is_not_is_refused(api: Client) -> None:
    answer = api.get("/dags", params={"order_by": "colour"})
    assert answer.status_code == 400
    assert "colour" in answer.json()["detail"]


def test_stale_dags_are_listed_when_asked_for(api: Client, store: Store) -> None:
    recorded(store)
    store.mark_files_gone(["/dags/etl.py"])
    assert api.get("/dags").json()["total_entries"] == 0
    found = api.get("/dags", params={"exclude_stale": "false"}).json()["dags"]
    assert [dag["is_stale"] for dag in found] == [True]


def test_a_dag_is_paused_and_unpaused(api: Client, store: Store) -> None:
    recorded(store)
    for paused in (False, True):
        answer = api.patch("/dags/etl", {"is_paused": paused})
        assert answer.status_code == 200
        assert answer.json()["is_paused"] is paused
        assert store.get_dag("etl").is_paused is paused


def test_a_mask_must_name_what_can_be_changed(api: Client, store: Store) -> None:
    recorded(store)
    masked = {"update_mask": "is_paused"}
    assert api.patch("/dags/etl", {"is_paused": False}, params=masked).status_code == 200
    wrong = {"update_mask": "fileloc"}
    assert api.patch("/dags/etl", {"is_paused": True}, params=wrong).status_code == 400
    assert store.get_dag("etl").is_paused is False


def test_a_selection_of_dags_is_paused_together(api: Client, store: Store) -> None:
    for name in ("red_1", "red_2", "blue"):
        recorded(store, DagSpec(dag_id=name))
    answer = api.patch("/dags", {"is_paused": False}, params={"dag_id_pattern": "red"})
    assert [dag["is_paused"] for dag in answer.json()["dags"]] == [False, False]
    assert [store.get_dag(name).is_paused for name in ("red_1", "red_2", "blue")] == [
        False,
        False,
        True,
    ]


def test_a_dag_is_deleted_with_its_history(api: Client, store: Store) -> None:
    a_run(store, recorded(store))
    answer = api.delete("/dags/etl")
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.get("/dags/etl").status_code == 404
    assert api.delete("/dags/etl").status_code == 404


def test_a_dag_with_a_live_task_is_not_deleted(api: Client, store: Store) -> None:
    version = recorded(store)
    started(store, a_run(store, version), version, extract=TaskState.RUNNING)
    assert api.delete("/dags/etl").status_code == 409


def test_tags_in_use_are_listed(api: Client, store: Store) -> None:
    recorded(store)
    assert api.get("/dagTags").json() == {"tags": ["data", "nightly"], "total_entries": 2}
    found = api.get("/dagTags", params={"tag_name_pattern": "night"}).json()
    assert found == {"tags": ["nightly"], "total_entries": 1}


def test_the_last_runs_state_filters_dags(api: Client, store: Store) -> None:
    version = recorded(store)
    a_run(store, version)
    store.set_run_state("etl", "first", RunState.FAILED)
    for state, count in (("failed", 1), ("success", 0)):
        found = api.get("/dags", params={"last_dag_run_state": state}).json()
        assert found["total_entries"] == count


def test_dags_are_found_by_the_runs_that_they_have(api: Client, store: Store) -> None:
    version = recorded(store)
    started(store, a_run(store, version), version)
    recorded(store, DagSpec(dag_id="idle"))
    for query, expected in [
        ({"dag_run_state": ["running", "failed"]}, ["etl"]),
        ({"dag_run_state": "failed"}, []),
        ({"dag_run_start_date_gte": NOON.isoformat()}, ["etl"]),
        ({"dag_run_start_date_gt": NOON.isoformat()}, []),
        ({"dag_run_end_date_lte": NOON.isoformat()}, []),
    ]:
        found = api.get("/dags", params=query).json()["dags"]
        assert [dag["dag_id"] for dag in found] == expected, query


def test_a_dags_tasks_are_listed(api: Client, store: Store) -> None:
    recorded(store)
    answer = api.get("/dags/etl/tasks").json()
    assert [task["task_id"] for task in answer["tasks"]] == ["extract", "load.insert", "transform"]
    assert answer["total_entries"] == 3
    backwards = api.get("/dags/etl/tasks", params={"order_by": "-task_id"}).json()["tasks"]
    assert [task["task_id"] for task in backwards] == ["transform", "load.insert", "extract"]
    assert api.get("/dags/etl/tasks", params={"order_by": "x"}).status_code == 400


def test_a_task_is_described(api: Client, store: Store) -> None:
    recorded(store)
    task = api.get("/dags/etl/tasks/extract").json()
    assert task["operator_name"] == "PythonOperator"
    assert task["downstream_task_ids"] == ["transform"]
    assert task["trigger_rule"] == "all_success"
    assert task["retry_delay"] == {
        "__type": "TimeDelta",
        "days": 0,
        "seconds": 300,
        "microseconds": 0,
    }
    assert task["is_mapped"] is False
    assert task["doc_md"] == "Reads."
    assert task["template_fields"] == ["op_args"]
    insert = api.get("/dags/etl/tasks/load.insert").json()
    assert insert["execution_timeout"]["days"] == 1
    assert api.get("/dags/etl/tasks/transform").json()["is_mapped"] is True
    assert api.get("/dags/etl/tasks/no").status_code == 404


def test_versions_are_listed_oldest_first(api: Client, store: Store) -> None:
    recorded(store)
    recorded(store, replace(ETL, description="Changed."))
    found = api.get("/dags/etl/dagVersions").json()
    assert [version["version_number"] for version in found["dag_versions"]] == [1, 2]
    assert found["total_entries"] == 2
    assert found["dag_versions"][0]["bundle_name"] == "dags-folder"
    newest = api.get("/dags/etl/dagVersions", params={"order_by": "-version_number"}).json()
    assert [version["version_number"] for version in newest["dag_versions"]] == [2, 1]
    only = api.get("/dags/etl/dagVersions", params={"version_number": 1}).json()
    assert [version["version_number"] for version in only["dag_versions"]] == [1]
    none = api.get("/dags/etl/dagVersions", params={"version_number": 3}).json()
    assert none == {"dag_versions": [], "total_entries": 0}


def test_a_version_is_looked_up_by_its_number(api: Client, store: Store) -> None:
    version = recorded(store)
    assert api.get("/dags/etl/dagVersions/1").json()["id"] == version.version_id
    assert api.get("/dags/etl/dagVersions/2").status_code == 404


def test_each_version_keeps_its_source(api: Client, store: Store) -> None:
    recorded(store, text="one = 1\n")
    recorded(store, text="two = 2\n")
    answer = api.get("/dagSources/etl").json()
    assert answer == {
        "content": "two = 2\n",
        "dag_id": "etl",
        "version_number": 2,
        "dag_display_name": "etl",
    }
    old = api.get("/dagSources/etl", params={"version_number": 1})
    assert old.json()["content"] == "one = 1\n"
    text = api.get("/dagSources/etl", headers={"accept": "text/plain"})
    assert text.text == "two = 2\n"
    assert text.headers["content-type"].startswith("text/plain")


def test_the_source_of_a_dag_in_an_archive_is_its_own_modules(api: Client, store: Store) -> None:
    spec = DagSpec(dag_id="etl", fileloc="/dags/all.zip/b.py")
    sources = {"all.zip/a.py": "a = 1\n", "all.zip/b.py": "b = 1\n"}
    store.record_parsed([parsed(spec, fileloc="/dags/all.zip", sources=sources)])
    assert api.get("/dagSources/etl").json()["content"] == "b = 1\n"


def test_import_errors_are_listed_and_shown(api: Client, store: Store) -> None:
    store.record_parsed(
        [
            parsed(fileloc="/dags/a.py", error="Traceback: a"),
            parsed(fileloc="/dags/b.py", error="Traceback: b"),
        ]
    )
    found = api.get("/importErrors", params={"order_by": "-filename"}).json()
    assert found["total_entries"] == 2
    first = found["import_errors"][0]
    assert first["filename"] == "/dags/b.py"
    assert first["stack_trace"] == "Traceback: b"
    assert first["timestamp"] == NOON.isoformat().replace("+00:00", "Z")
    assert api.get(f"/importErrors/{first['import_error_id']}").json() == first
    assert api.get("/importErrors/999").status_code == 404
    for query, count in [
        ({"filename": "/dags/a.py"}, 1),
        ({"filename_pattern": "a.p"}, 1),
        ({"filename_prefix_pattern": "/dags"}, 2),
        ({"bundle_name": "other"}, 0),
    ]:
        assert api.get("/importErrors", params=query).json()["total_entries"] == count, query


def test_favorites_are_ones_own(api: Client, store: Store) -> None:
    recorded(store)
    assert api.post("/dags/etl/unfavorite").status_code == 409
    for _ in range(2):
        assert api.post("/dags/etl/favorite").status_code == 204
    assert api.get("/dags/etl/details").json()["is_favorite"] is True
    assert api.get("/dags", params={"is_favorite": True}).json()["total_entries"] == 1
    assert api.get("/dags", params={"is_favorite": False}).json()["total_entries"] == 0
    assert store.favorites_of("somebody else", ["etl"]) == set()
    assert api.post("/dags/etl/unfavorite").status_code == 204
    assert api.get("/dags/etl/details").json()["is_favorite"] is False
    assert api.post("/dags/none/favorite").status_code == 404
    assert api.post("/dags/none/unfavorite").status_code == 404
