"""Many things at once: created, changed and removed by one request."""

from __future__ import annotations

import pytest
from tests.api.conftest import Client, token_of
from tests.api.making import a_run, recorded, started

from slipstream.model.states import TaskState
from slipstream.store.interface import Store

SETTINGS = {
    "/variables": ("key", lambda name: {"key": name, "value": "v"}),
    "/pools": ("name", lambda name: {"name": name, "slots": 3}),
    "/connections": ("connection_id", lambda name: {"connection_id": name, "conn_type": "http"}),
}


def act(api: Client, path: str, *actions: object) -> dict[str, dict[str, list[object]]]:
    answer = api.patch(path, {"actions": list(actions)})
    assert answer.status_code == 200, answer.text
    found: dict[str, dict[str, list[object]]] = answer.json()
    return found


@pytest.mark.parametrize("path", SETTINGS)
def test_settings_are_created_changed_and_removed(api: Client, path: str) -> None:
    field, make = SETTINGS[path]
    told = act(
        api,
        path,
        {"action": "create", "entities": [make("a"), make("b")]},
        {"action": "update", "entities": [make("a") | {"description": "new"}]},
        {"action": "delete", "entities": ["b"]},
    )
    assert told == {
        "create": {"success": ["a", "b"], "errors": []},
        "update": {"success": ["a"], "errors": []},
        "delete": {"success": ["b"], "errors": []},
    }
    shown = api.get(f"{path}/a").json()
    assert (shown[field], shown["description"]) == ("a", "new")
    assert api.get(f"{path}/b").status_code == 404


@pytest.mark.parametrize("path", SETTINGS)
def test_what_is_there_already_fails_is_passed_over_or_is_replaced(api: Client, path: str) -> None:
    _, make = SETTINGS[path]
    entities = [make("a") | {"description": "other"}, make("b")]
    create = {"action": "create", "entities": entities}
    act(api, path, {"action": "create", "entities": [make("a")]})
    told = act(api, path, create)["create"]
    assert told["success"] == []
    assert [error["status_code"] for error in told["errors"]] == [409]  # type: ignore[index]
    assert api.get(f"{path}/b").status_code == 404
    told = act(api, path, create | {"action_on_existence": "skip"})["create"]
    assert told == {"success": ["b"], "errors": []}
    assert api.get(f"{path}/a").json()["description"] is None
    told = act(api, path, create | {"action_on_existence": "overwrite"})["create"]
    assert sorted(map(str, told["success"])) == ["a", "b"]
    assert api.get(f"{path}/a").json()["description"] == "other"


@pytest.mark.parametrize("path", SETTINGS)
@pytest.mark.parametrize("action", ["update", "delete"])
def test_what_is_not_there_fails_or_is_passed_over(api: Client, path: str, action: str) -> None:
    _, make = SETTINGS[path]
    act(api, path, {"action": "create", "entities": [make("a")]})
    order = {"action": action, "entities": [make("a"), make("gone")]}
    told = act(api, path, order)[action]
    assert told["success"] == []
    assert "gone were not found" in str(told["errors"])
    told = act(api, path, order | {"action_on_non_existence": "skip"})[action]
    assert told == {"success": ["a"], "errors": []}


def test_an_error_of_one_thing_leaves_the_others_alone(api: Client) -> None:
    told = act(
        api,
        "/connections",
        {
            "action": "create",
            "entities": [
                {"connection_id": "a", "conn_type": "http", "extra": "no json"},
                {"connection_id": "b", "conn_type": "http"},
            ],
        },
    )["create"]
    assert told["success"] == ["b"]
    assert [error["status_code"] for error in told["errors"]] == [422]  # type: ignore[index]
    told = act(api, "/pools", {"action": "delete", "entities": ["default_pool"]})["delete"]
    assert "cannot be deleted" in str(told["errors"])


def test_only_what_the_mask_names_is_changed(api: Client) -> None:
    act(api, "/pools", {"action": "create", "entities": [{"name": "a", "slots": 1}]})
    changed = {"name": "a", "slots": 9, "description": "new"}
    order = {"action": "update", "entities": [changed], "update_mask": ["slots"]}
    act(api, "/pools", order)
    shown = api.get("/pools/a").json()
    assert (shown["slots"], shown["description"]) == (9, None)


@pytest.mark.parametrize(
    "body", [{}, {"actions": [{"action": "eat", "entities": []}]}, {"actions": [{}]}]
)
def test_what_is_no_action_is_refused(api: Client, body: object) -> None:
    assert api.patch("/variables", body).status_code == 422


def test_who_may_not_change_one_may_not_change_many(locked: Client) -> None:
    for path in (*SETTINGS, "/dags/~/dagRuns", "/dags/~/dagRuns/~/taskInstances"):
        assert locked.patch(path, {"actions": []}).status_code == 401
        viewer = locked.bearing(token_of(locked, "viewer"))
        assert viewer.patch(path, {"actions": []}).status_code == 403


@pytest.fixture
def _runs(store: Store) -> None:
    version = recorded(store)
    for run_id in ("one", "two"):
        run = a_run(store, version, run_id)
        started(store, run, version, extract=TaskState.FAILED, transform=TaskState.RUNNING)


@pytest.mark.usefixtures("_runs")
def test_runs_are_marked_and_removed(api: Client) -> None:
    order = {
        "action": "update",
        "entities": [{"dag_run_id": "one", "state": "failed", "note": "n"}, {"dag_run_id": "no"}],
        "action_on_non_existence": "skip",
    }
    assert act(api, "/dags/etl/dagRuns", order)["update"]["success"] == ["etl.one"]
    shown = api.get("/dags/etl/dagRuns/one").json()
    assert (shown["state"], shown["note"]) == ("failed", "n")
    gone = {"action": "delete", "entities": [{"dag_id": "etl", "dag_run_id": "one"}]}
    assert act(api, "/dags/~/dagRuns", gone)["delete"]["success"] == ["etl.one"]
    assert api.get("/dags/etl/dagRuns/one").status_code == 404
    running = {"action": "delete", "entities": ["two"]}
    assert "is running" in str(act(api, "/dags/etl/dagRuns", running)["delete"]["errors"])
    new = {"action": "create", "entities": [{"dag_run_id": "x"}]}
    errors = act(api, "/dags/etl/dagRuns", new)["create"]["errors"]
    assert [error["status_code"] for error in errors] == [405]  # type: ignore[index]
    answer = api.patch("/dags/~/dagRuns", {"actions": [running]})
    assert answer.status_code == 400
    assert "has to name its dag_id" in answer.json()["detail"]


@pytest.mark.usefixtures("_runs")
def test_task_instances_are_marked_and_removed(api: Client, store: Store) -> None:
    path = "/dags/~/dagRuns/~/taskInstances"
    one = {"dag_id": "etl", "dag_run_id": "one"}
    told = act(
        api,
        path,
        {
            "action": "update",
            "entities": [
                one | {"task_id": "extract", "new_state": "success"},
                one | {"task_id": "transform", "map_index": 1, "note": "n"},
            ],
        },
        {"action": "delete", "entities": [one | {"task_id": "load.insert"}]},
    )
    assert told["update"] == {
        "success": ["etl.one.extract[-1]", "etl.one.transform[1]"],
        "errors": [],
    }
    assert told["delete"]["success"] == ["etl.one.load.insert[-1]"]
    instance = "/dags/etl/dagRuns/one/taskInstances"
    assert api.get(f"{instance}/extract").json()["state"] == "success"
    assert api.get(f"{instance}/transform/1").json()["note"] == "n"
    assert api.get(f"{instance}/load.insert").status_code == 404
    live = api.delete(f"{instance}/transform", params={"map_index": 0})
    assert live.status_code == 409
    assert "is running: mark it first" in live.json()["detail"]
    answer = api.delete(f"{instance}/extract")
    assert (answer.status_code, answer.json()) == (200, None)
    assert api.delete(f"{instance}/extract").status_code == 404


@pytest.mark.usefixtures("_runs")
def test_a_task_group_is_marked(api: Client) -> None:
    path = "/dags/etl/dagRuns/one/taskGroupInstances/load"
    tried = api.patch(f"{path}/dry_run", {"new_state": "skipped"}).json()
    assert [entry["task_id"] for entry in tried["task_instances"]] == ["load.insert"]
    assert api.patch(path, {"new_state": "skipped"}).status_code == 200
    shown = api.get("/dags/etl/dagRuns/one/taskInstances/load.insert").json()
    assert shown["state"] == "skipped"
    assert api.patch(path.replace("load", "other"), {"new_state": "skipped"}).status_code == 404
