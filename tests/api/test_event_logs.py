"""The audit log: what requests leave in it, and who may see what of it."""

from __future__ import annotations

import json

import pytest
from tests.api.conftest import Client, token_of
from tests.api.making import a_run, recorded, started

from slipstream.model.states import TaskState
from slipstream.store.interface import Store


def entries(api: Client, **query: object) -> list[dict[str, object]]:
    """What was done, sign-ins left out."""
    params = {"excluded_events": "login", **query}
    found = api.get("/eventLogs", params=params).json()
    assert found["total_entries"] >= len(found["event_logs"])
    return [entry | {"extra": json.loads(entry["extra"])} for entry in found["event_logs"]]


def test_who_did_what_from_where_to_what(locked: Client, store: Store) -> None:
    version = recorded(store)
    started(store, a_run(store, version), version, extract=TaskState.FAILED)
    user = locked.bearing(token_of(locked, "user"))
    path = "/dags/etl/dagRuns/first/taskInstances/extract"
    assert user.patch(path, {"new_state": "success", "note": "n"}).status_code == 200
    user.patch(path + "/dry_run", {"new_state": "failed"})
    user.post("/dags/etl/clearTaskInstances", {"dry_run": True})
    user.post("/dags/~/dagRuns/list", {})
    user.patch(path, {"new_state": "nonsense"})
    (entry,) = entries(user)
    number = entry["event_log_id"]
    assert {name: entry[name] for name in ("event", "owner", "dag_id", "run_id", "task_id")} == {
        "event": "patch_task_instance",
        "owner": "user",
        "dag_id": "etl",
        "run_id": "first",
        "task_id": "extract",
    }
    assert entry["when"] == "2026-03-01T12:00:00.123456Z"
    assert entry["extra"] == {
        "via": "rest_api",
        "from": "127.0.0.1",
        "method": "PATCH",
        "body": {"new_state": "success", "note": "n"},
    }
    assert user.get(f"/eventLogs/{number}").json()["event"] == "patch_task_instance"
    assert user.get("/eventLogs/999").status_code == 404


def test_settings_are_kept_as_they_were_before_and_after(api: Client) -> None:
    api.post("/variables", {"key": "colour", "value": "red"})
    api.patch("/variables/colour", {"key": "colour", "value": "blue"})
    api.delete("/variables/colour")
    red, blue = ({"value": value, "description": None} for value in ("red", "blue"))
    changes = [entry["extra"]["changes"] for entry in entries(api)]  # type: ignore[index]
    assert changes == [
        [{"object": "variable", "key": "colour", "before": None, "after": red}],
        [{"object": "variable", "key": "colour", "before": red, "after": blue}],
        [{"object": "variable", "key": "colour", "before": blue, "after": None}],
    ]
    pool = {"action": "create", "entities": [{"name": "a", "slots": 1}, {"name": "b", "slots": 2}]}
    api.patch("/pools", {"actions": [pool]})
    last = entries(api, order_by="-event_log_id", limit=2)
    # Each is written together with what it tells of.
    assert [[change["key"] for change in one["extra"]["changes"]] for one in last] == [["b"], ["a"]]  # type: ignore[index]


def test_access_tokens_are_named_with_whose_they_are_and_what_for(locked: Client) -> None:
    op = locked.bearing(token_of(locked, "op"))
    body = {"name": "ci", "scope": ["read:dag"], "expires_in_days": None}
    made = op.post("/auth/tokens", body).json()
    admin = locked.bearing(token_of(locked, "admin"))
    assert admin.delete(f"/auth/tokens/{made['id']}").status_code == 204
    shown = {"username": "op", "scope": ["read:dag"], "expires_at": None}
    about = {"object": "access token", "key": "ci"}
    first, last = entries(admin)
    assert (first["owner"], last["owner"]) == ("op", "admin")
    assert first["extra"]["changes"] == [{**about, "before": None, "after": shown}]  # type: ignore[index]
    assert last["extra"]["changes"] == [{**about, "before": shown, "after": None}]  # type: ignore[index]
    assert made["token"] not in str(entries(admin))


def test_no_secret_is_kept(api: Client, store: Store) -> None:
    recorded(store)
    connection = {"connection_id": "db", "conn_type": "x", "password": "hunter2"}
    api.post("/connections", connection | {"extra": '{"api_key": "hunter2"}'})
    api.post("/variables", {"key": "api_token", "value": "hunter2"})
    api.post("/dags/etl/dagRuns", {"logical_date": None, "conf": {"password": "hunter2"}})
    assert len(entries(api)) == 3
    assert "hunter2" not in api.get("/eventLogs").text
    assert "***" in api.get("/eventLogs").text


def test_who_may_not_read_a_setting_sees_only_that_it_was_changed(locked: Client) -> None:
    op = locked.bearing(token_of(locked, "op"))
    op.post("/variables", {"key": "colour", "value": "red"})
    viewer = locked.bearing(token_of(locked, "viewer"))
    (entry,) = entries(viewer)
    assert entry["extra"]["changes"] == [{"object": "variable", "key": "colour"}]  # type: ignore[index]
    assert '"red"' in json.dumps(entries(op))
    assert locked.get("/eventLogs").status_code == 401


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"event": "post_variable"}, 1),
        ({"event_pattern": "variable"}, 2),
        ({"event_prefix_pattern": "patch"}, 1),
        ({"included_events": ["post_variable", "x"]}, 1),
        ({"excluded_events": "post_variable"}, 1),
        ({"owner": "Anonymous", "before": "2026-03-02T00:00:00Z"}, 2),
        ({"owner_pattern": "nobody"}, 0),
        ({"after": "2026-03-02T00:00:00Z"}, 0),
        ({"dag_id": "etl"}, 0),
        ({"dag_id_pattern": "e", "task_id": "x", "map_index": 1, "try_number": 1}, 0),
    ],
)
def test_entries_are_filtered(api: Client, query: dict[str, object], found: int) -> None:
    api.post("/variables", {"key": "colour", "value": "red"})
    api.patch("/variables/colour", {"key": "colour", "value": "blue"})
    assert len(entries(api, **query)) == found
    assert api.get("/eventLogs", params={"order_by": "details"}).status_code == 400
