"""Running task instances again, and marking them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.api.conftest import Client
from tests.api.making import ETL, NOON, a_run, end_run, recorded, started

from slipstream.api.selection import pick
from slipstream.model.dag import DagSpec, GroupSpec, Literal, TaskSpec
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RunState, TaskState
from slipstream.store.interface import Store

CLEAR = "/dags/etl/clearTaskInstances"
TASKS = "/dags/etl/dagRuns/first/taskInstances"


def ended(store: Store, run_id: str = "first", days: int = 0) -> DagRun:
    """A run that failed in `transform`."""
    version = recorded(store) if not days else store.get_dag("etl").latest
    run = started(
        store,
        a_run(store, version, run_id, logical_date=NOON + timedelta(days=days)),
        version,
        extract=TaskState.SUCCESS,
        transform=TaskState.FAILED,
        load_insert=TaskState.UPSTREAM_FAILED,
    )
    return end_run(store, run, RunState.FAILED)


def state_of(store: Store, task_id: str, map_index: int = -1, run_id: str = "first") -> str:
    return store.get_instance("etl", run_id, TaskKey(task_id, map_index)).instance.state.value


def cleared(answer: dict[str, list[dict[str, object]]]) -> list[tuple[object, object]]:
    return [(entry["task_id"], entry["map_index"]) for entry in answer["task_instances"]]


def test_a_dry_run_says_what_would_be_cleared_and_changes_nothing(
    api: Client, store: Store
) -> None:
    ended(store)
    answer = api.post(CLEAR, {"dag_run_id": "first"})
    assert answer.status_code == 200, answer.text
    assert cleared(answer.json()) == [
        ("transform", 0),
        ("transform", 1),
        ("transform", 2),
        ("load.insert", -1),
    ]
    assert answer.json()["total_entries"] == 4
    assert state_of(store, "transform", 0) == "failed"
    assert store.get_run("etl", "first").state is RunState.FAILED


def test_cleared_instances_run_again(api: Client, store: Store) -> None:
    ended(store)
    body = {"dry_run": False, "dag_run_id": "first", "note": "Again."}
    answer = api.post(CLEAR, body).json()
    assert len(answer["task_instances"]) == 4
    assert {entry["note"] for entry in answer["task_instances"]} == {"Again."}
    assert state_of(store, "transform", 0) == "none"
    assert state_of(store, "extract") == "success"
    assert store.get_run("etl", "first").state is RunState.QUEUED


def test_the_runs_state_can_be_left_alone(api: Client, store: Store) -> None:
    ended(store)
    body = {"dry_run": False, "dag_run_id": "first", "reset_dag_runs": False}
    answer = api.post(CLEAR, body)
    assert answer.status_code == 200, answer.text
    assert state_of(store, "transform", 0) == "none"
    assert store.get_run("etl", "first").state is RunState.FAILED


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"task_ids": ["extract"]}, [("extract", -1)]),
        ({"task_ids": [["transform", 1]]}, [("transform", 1)]),
        ({"task_ids": ["load.insert"], "include_upstream": True}, 5),
        ({"task_ids": ["extract"], "include_downstream": True}, 5),
        ({"task_ids": [["transform", 1]], "include_downstream": True}, 2),
        ({"only_failed": True}, 4),
        ({"only_running": True, "only_failed": False}, 0),
    ],
)
def test_tasks_and_what_is_around_them_are_selected(
    api: Client, store: Store, body: dict[str, object], expected: object
) -> None:
    ended(store)
    answer = api.post(CLEAR, {"dag_run_id": "first", "only_failed": False} | body).json()
    found = cleared(answer)
    assert (found if isinstance(expected, list) else len(found)) == expected


def test_runs_before_and_after_are_included(api: Client, store: Store) -> None:
    for days, run_id in enumerate(("first", "second", "third")):
        ended(store, run_id, days)

    def runs(**more: object) -> list[str]:
        body = {"dag_run_id": "second", "task_ids": [["transform", 0]], **more}
        entries = api.post(CLEAR, body).json()["task_instances"]
        return [entry["dag_run_id"] for entry in entries]

    assert runs() == ["second"]
    assert runs(include_past=True) == ["first", "second"]
    assert runs(include_future=True) == ["second", "third"]
    assert runs(include_past=True, include_future=True) == ["first", "second", "third"]


def test_runs_are_selected_by_their_dates(api: Client, store: Store) -> None:
    for days, run_id in enumerate(("first", "second", "third")):
        ended(store, run_id, days)
    body = {
        "start_date": (NOON + timedelta(days=1)).isoformat(),
        "task_ids": [["transform", 0]],
    }
    entries = api.post(CLEAR, body).json()["task_instances"]
    assert [entry["dag_run_id"] for entry in entries] == ["second", "third"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"task_ids": []}, 422),
        ({"task_ids": ["no"]}, 404),
        ({"dag_run_id": "no"}, 404),
        ({"include_past": True}, 422),
        ({"dag_run_id": "first", "start_date": "2026-01-01T00:00:00Z"}, 422),
        ({"start_date": "2026-01-02T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"}, 422),
        ({"only_failed": True, "only_running": True}, 422),
        ({"colour": "red"}, 422),
    ],
)
def test_an_order_that_means_nothing_is_refused(
    api: Client, store: Store, body: dict[str, object], status: int
) -> None:
    ended(store)
    assert api.post(CLEAR, body).status_code == status


def test_running_tasks_can_be_spared(api: Client, store: Store) -> None:
    version = recorded(store)
    started(store, a_run(store, version), version, extract=TaskState.RUNNING)
    body = {"dag_run_id": "first", "only_failed": False, "dry_run": False}
    answer = api.post(CLEAR, body | {"prevent_running_task": True})
    assert answer.status_code == 409
    assert "extract" in answer.json()["detail"]
    assert api.post(CLEAR, body).status_code == 200
    assert state_of(store, "extract") == "restarting"
    assert store.get_run("etl", "first").state is RunState.RUNNING


def test_a_whole_run_is_cleared(api: Client, store: Store) -> None:
    ended(store)
    path = "/dags/etl/dagRuns/first/clear"
    assert api.post(path, {}).json()["total_entries"] == 5
    assert api.post(path, {"only_failed": True}).json()["total_entries"] == 4
    assert store.get_run("etl", "first").state is RunState.FAILED
    answer = api.post(path, {"dry_run": False, "note": "All of it."}).json()
    assert (answer["dag_run_id"], answer["state"]) == ("first", "queued")
    assert answer["note"] == "All of it."
    assert state_of(store, "extract") == "none"


def test_tasks_that_the_latest_version_has_brought_run_alone(api: Client, store: Store) -> None:
    ended(store)
    more = replace(ETL, tasks={**ETL.tasks, "publish": TaskSpec(task_id="publish")})
    latest = recorded(store, more, text="# more\n")
    path = "/dags/etl/dagRuns/first/clear"
    assert api.post(path, {"only_new": True, "only_failed": True}).status_code == 422
    dry = api.post(path, {"only_new": True}).json()
    assert dry["task_instances"] == [{"task_id": "publish", "task_display_name": "publish"}]
    assert store.get_run("etl", "first").state is RunState.FAILED
    answer = api.post(path, {"only_new": True, "dry_run": False, "note": "More."}).json()
    assert (answer["state"], answer["note"]) == ("queued", "More.")
    assert store.get_run("etl", "first").version_id == latest.version_id
    assert state_of(store, "extract") == "success"
    assert state_of(store, "transform", 0) == "failed"


@pytest.mark.parametrize("path", ["clearTaskInstances", "dagRuns/first/clear"])
def test_a_run_can_be_cleared_to_go_on_with_the_latest_version(
    api: Client, store: Store, path: str
) -> None:
    first = ended(store)
    latest = recorded(store, text="# changed\n")
    body = {"dry_run": False, "run_on_latest_version": True}
    assert first.version_id != latest.version_id
    assert api.post(f"/dags/etl/{path}", body).status_code == 200
    assert store.get_run("etl", "first").version_id == latest.version_id


def test_a_dry_run_of_a_mark_changes_nothing(api: Client, store: Store) -> None:
    ended(store)
    path = f"{TASKS}/transform/dry_run"
    answer = api.patch(path, {"new_state": "success"}).json()
    assert cleared(answer) == [("transform", 0), ("transform", 1), ("transform", 2)]
    assert state_of(store, "transform", 0) == "failed"
    only = api.patch(f"{TASKS}/transform/1/dry_run", {"new_state": "success"}).json()
    assert cleared(only) == [("transform", 1)]
    same = api.patch(path, {"new_state": "failed"}).json()
    assert cleared(same) == []
    assert api.patch(path, {}).status_code == 400


def test_marking_as_success_frees_what_is_below(api: Client, store: Store) -> None:
    ended(store)
    answer = api.patch(f"{TASKS}/transform", {"new_state": "success", "note": "Fine."})
    assert answer.status_code == 200, answer.text
    assert {entry["state"] for entry in answer.json()["task_instances"]} == {"success"}
    assert {entry["note"] for entry in answer.json()["task_instances"]} == {"Fine."}
    assert [state_of(store, "transform", index) for index in range(3)] == ["success"] * 3
    assert state_of(store, "load.insert") == "none"
    assert store.get_run("etl", "first").state is RunState.QUEUED


def test_one_instance_of_a_map_is_marked(api: Client, store: Store) -> None:
    ended(store)
    answer = api.patch(f"{TASKS}/transform/1", {"new_state": "skipped"}).json()
    assert cleared(answer) == [("transform", 1)]
    states = [state_of(store, "transform", index) for index in range(3)]
    assert states == ["failed", "skipped", "failed"]


def test_a_note_alone_leaves_the_state(api: Client, store: Store) -> None:
    ended(store)
    answer = api.patch(f"{TASKS}/extract", {"note": "Looks good."}).json()
    assert answer["task_instances"][0]["note"] == "Looks good."
    assert state_of(store, "extract") == "success"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("extract", {"new_state": "running"}, 422),
        ("extract", {"new_state": "purple"}, 422),
        ("no", {"new_state": "success"}, 404),
        ("transform/7", {"new_state": "success"}, 404),
    ],
)
def test_a_mark_that_cannot_be_is_refused(
    api: Client, store: Store, path: str, body: dict[str, object], status: int
) -> None:
    ended(store)
    assert api.patch(f"{TASKS}/{path}", body).status_code == status


def test_a_mark_reaches_upstreams_and_downstreams_if_asked(api: Client, store: Store) -> None:
    ended(store)
    answer = api.patch(
        f"{TASKS}/load.insert/dry_run", {"new_state": "skipped", "include_upstream": True}
    ).json()
    assert len(answer["task_instances"]) == 5


def test_setups_and_teardowns_are_cleared_with_the_work_between_them() -> None:
    spec = DagSpec(
        dag_id="d",
        tasks={
            "make": TaskSpec(task_id="make", is_setup=True, downstream=("work", "remove")),
            "work": TaskSpec(task_id="work", upstream=("make",), downstream=("remove",)),
            "remove": TaskSpec(task_id="remove", is_teardown=True, upstream=("make", "work")),
        },
    )
    alone = pick(spec, ["work"], upstream=False, downstream=False)
    assert alone.task_ids == {"work"}
    below = pick(spec, ["make"], upstream=False, downstream=True)
    assert below.task_ids == {"make", "work"}, "what is marked leaves the cleaning up alone"
    named = pick(spec, ["remove"], upstream=True, downstream=True)
    assert named.task_ids == {"make", "work", "remove"}
    whole = pick(spec, ["work"], upstream=False, downstream=False, whole=True)
    assert whole.task_ids == {"make", "work", "remove"}


def test_in_a_mapped_group_only_what_has_the_same_index_comes_along() -> None:
    def task_of(task_id: str, group_id: str | None, **edges: tuple[str, ...]) -> TaskSpec:
        setup, teardown = task_id == "g.make", task_id == "g.remove"
        return TaskSpec(
            task_id=task_id, group_id=group_id, is_setup=setup, is_teardown=teardown, **edges
        )

    tasks = [
        task_of("g.make", "g", downstream=("g.work", "g.remove")),
        task_of("g.work", "g", upstream=("g.make",), downstream=("g.remove", "after")),
        task_of("g.remove", "g", upstream=("g.make", "g.work")),
        task_of("after", None, upstream=("g.work",)),
    ]
    spec = DagSpec(
        dag_id="d",
        tasks={task.task_id: task for task in tasks},
        groups={"g": GroupSpec(group_id="g", mapped=Literal(3))},
    )
    found = pick(spec, [("g.work", 1)], upstream=False, downstream=True, whole=True)
    assert found.task_ids == {"g.make", "g.work", "g.remove", "after"}
    assert found.indexes == {"g.make": {1}, "g.work": {1}, "g.remove": {1}}
    mixed = pick(spec, [("g.work", 1), "after"], upstream=False, downstream=True, whole=True)
    assert mixed.task_ids == {"g.make", "g.work", "g.remove", "after"}
    assert mixed.indexes == {"g.make": {1}, "g.work": {1}, "g.remove": {1}}
    above = pick(spec, [("g.work", 1), "after"], upstream=True, downstream=False, whole=True)
    assert above.indexes == {}
    every = pick(spec, [("g.work", 1), "g.make"], upstream=False, downstream=False, whole=True)
    assert every.indexes == {"g.work": {1}}
