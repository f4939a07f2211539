"""Variables, connections and pools."""

from __future__ import annotations

import json

import pytest
from tests.api.conftest import Client
from tests.api.making import a_run, recorded, started

from slipstream.model.states import TaskState
from slipstream.store.interface import Store
from slipstream.store.records import NoticeKind


def test_a_variable_is_created_read_changed_and_removed(api: Client) -> None:
    answer = api.post("/variables", {"key": "colour", "value": "red", "description": "d"})
    assert answer.status_code == 201
    expected = {
        "key": "colour",
        "value": "red",
        "description": "d",
        "is_encrypted": True,
        "team_name": None,
    }
    assert answer.json() == expected
    assert api.get("/variables/colour").json() == expected
    assert api.post("/variables", {"key": "colour", "value": "x"}).status_code == 409
    changed = api.patch("/variables/colour", {"key": "colour", "value": "blue"})
    assert changed.json() == expected | {"value": "blue"}
    assert api.patch("/variables/colour", {"key": "other", "value": "x"}).status_code == 400
    assert api.delete("/variables/colour").status_code == 204
    assert api.delete("/variables/colour").status_code == 404
    assert api.get("/variables/colour").status_code == 404
    assert api.patch("/variables/colour", {"key": "colour", "value": "x"}).status_code == 404


def test_a_value_that_is_no_text_is_kept_as_json(api: Client, store: Store) -> None:
    api.post("/variables", {"key": "limits", "value": {"low": 1}})
    stored = store.get_variable("limits")
    assert stored is not None
    assert json.loads(stored.value) == {"low": 1}


def test_only_what_the_mask_names_is_changed(api: Client, store: Store) -> None:
    api.post("/variables", {"key": "k", "value": "v", "description": "d"})
    body = {"key": "k", "value": "new", "description": "new"}
    api.patch("/variables/k", body, params={"update_mask": "description"})
    shown = api.get("/variables/k").json()
    assert (shown["value"], shown["description"]) == ("v", "new")


def test_variables_are_listed(api: Client) -> None:
    for name in ("b", "a", "c/d"):
        api.post("/variables", {"key": name, "value": name})
    found = api.get("/variables", params={"order_by": "-key", "limit": 2}).json()
    assert [entry["key"] for entry in found["variables"]] == ["c/d", "b"]
    assert found["total_entries"] == 3
    some = api.get("/variables", params={"variable_key_pattern": "/"}).json()
    assert [entry["key"] for entry in some["variables"]] == ["c/d"]
    assert api.get("/variables/c/d").json()["value"] == "c/d"
    assert api.get("/variables/c%2Fd").json()["value"] == "c/d"


def test_a_variables_secret_never_leaves(api: Client, store: Store) -> None:
    api.post("/variables", {"key": "api_key", "value": "hunter2"})
    api.post("/variables", {"key": "site", "value": {"url": "u", "password": "hunter2"}})
    for path in ("/variables", "/variables/api_key", "/variables/site"):
        assert "hunter2" not in api.get(path).text, path
    assert api.get("/variables/api_key").json()["value"] == "***"
    shown = json.loads(api.get("/variables/site").json()["value"])
    assert shown == {"url": "u", "password": "***"}


def test_a_masked_value_that_comes_back_keeps_the_secret(api: Client, store: Store) -> None:
    api.post("/variables", {"key": "site", "value": {"url": "u", "password": "hunter2"}})
    shown = json.loads(api.get("/variables/site").json()["value"])
    api.patch("/variables/site", {"key": "site", "value": shown | {"url": "new"}})
    stored = store.get_variable("site")
    assert stored is not None
    assert json.loads(stored.value) == {"url": "new", "password": "hunter2"}


WAREHOUSE = {
    "connection_id": "warehouse",
    "conn_type": "postgres",
    "description": None,
    "host": "db",
    "login": "ada",
    "schema": "public",
    "port": 5432,
    "password": "hunter2",
    "extra": json.dumps({"sslmode": "require", "secret_token": "hunter3"}),
}


def test_a_connection_is_created_read_changed_and_removed(api: Client, store: Store) -> None:
    answer = api.post("/connections", WAREHOUSE)
    assert answer.status_code == 201
    shown = answer.json()
    assert {name: shown[name] for name in ("connection_id", "host", "schema", "port")} == {
        "connection_id": "warehouse",
        "host": "db",
        "schema": "public",
        "port": 5432,
    }
    assert shown["team_name"] is None
    assert api.get("/connections/warehouse").json() == shown
    assert api.post("/connections", WAREHOUSE).status_code == 409
    patched = api.patch(
        "/connections/warehouse",
        {"connection_id": "warehouse", "conn_type": "postgres", "host": "other"},
    )
    assert patched.json()["host"] == "other"
    stored = store.get_connection("warehouse")
    assert stored is not None
    assert (stored.password, stored.port, stored.schema) == ("hunter2", 5432, "public")
    assert api.delete("/connections/warehouse").status_code == 204
    assert api.get("/connections/warehouse").status_code == 404
    assert api.delete("/connections/warehouse").status_code == 404


def test_a_connections_secrets_never_leave(api: Client) -> None:
    api.post("/connections", WAREHOUSE)
    for path in ("/connections", "/connections/warehouse"):
        text = api.get(path).text
        assert "hunter" not in text
    shown = api.get("/connections/warehouse").json()
    assert shown["password"] == "***"
    assert json.loads(shown["extra"]) == {"sslmode": "require", "secret_token": "***"}


def test_a_masked_connection_that_comes_back_keeps_its_secrets(api: Client, store: Store) -> None:
    api.post("/connections", WAREHOUSE)
    shown = api.get("/connections/warehouse").json()
    shown.pop("team_name")
    api.patch("/connections/warehouse", shown | {"host": "moved"})
    stored = store.get_connection("warehouse")
    assert stored is not None
    assert (stored.host, stored.password) == ("moved", "hunter2")
    assert json.loads(stored.extra or "")["secret_token"] == "hunter3"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"connection_id": "a b"}, 422),
        ({"connection_id": "../x"}, 422),
        ({"port": 70_000}, 422),
        ({"extra": "not json"}, 422),
        ({"extra": "[1]"}, 422),
        ({"colour": "red"}, 422),
    ],
)
def test_a_connection_that_cannot_be_is_refused(
    api: Client, change: dict[str, object], status: int
) -> None:
    answer = api.post("/connections", WAREHOUSE | change)
    assert answer.status_code == status
    assert "hunter" not in answer.text


def test_connections_are_listed(api: Client) -> None:
    for name in ("b", "a"):
        api.post("/connections", {"connection_id": name, "conn_type": "http"})
    found = api.get("/connections", params={"order_by": "connection_id"}).json()
    assert [entry["connection_id"] for entry in found["connections"]] == ["a", "b"]
    some = api.get("/connections", params={"connection_id_prefix_pattern": "b"}).json()
    assert some["total_entries"] == 1


def test_a_pool_is_created_read_changed_and_removed(api: Client, store: Store) -> None:
    answer = api.post("/pools", {"name": "wide", "slots": 3})
    assert answer.status_code == 201
    assert answer.json() == {
        "name": "wide",
        "slots": 3,
        "description": None,
        "include_deferred": False,
        "occupied_slots": 0,
        "running_slots": 0,
        "queued_slots": 0,
        "scheduled_slots": 0,
        "open_slots": 3,
        "deferred_slots": 0,
        "team_name": None,
    }
    assert api.post("/pools", {"name": "wide", "slots": 1}).status_code == 409
    store.take_notices()
    changed = api.patch("/pools/wide", {"slots": 5, "description": "d"}).json()
    assert (changed["slots"], changed["description"]) == (5, "d")
    assert [notice.kind for notice in store.take_notices()] == [NoticeKind.POOL_CHANGED]
    masked = api.patch("/pools/wide", {"slots": 9}, params={"update_mask": "description"})
    assert masked.json()["slots"] == 5
    assert api.patch("/pools/wide", {"pool": "other"}).status_code == 400
    assert api.delete("/pools/wide").status_code == 204
    assert api.delete("/pools/wide").status_code == 404


def test_what_is_taken_of_a_pool_is_counted(api: Client, store: Store) -> None:
    api.post("/pools", {"name": "wide", "slots": 5})
    version = recorded(store)
    started(store, a_run(store, version), version, transform=TaskState.RUNNING)
    pool = api.get("/pools/wide").json()
    assert (pool["running_slots"], pool["occupied_slots"], pool["open_slots"]) == (3, 3, 2)


def test_a_pool_without_limit_has_no_number_of_open_slots(api: Client) -> None:
    assert api.post("/pools", {"name": "endless", "slots": -1}).json()["open_slots"] == -1
    assert api.post("/pools", {"name": "less", "slots": -2}).status_code == 422


def test_the_default_pool_stays(api: Client) -> None:
    assert api.delete("/pools/default_pool").status_code == 400
    assert api.patch("/pools/default_pool", {"slots": 7}).json()["slots"] == 7
    assert api.patch("/pools/default_pool", {"description": "x"}).status_code == 400


def test_pools_are_listed(api: Client) -> None:
    api.post("/pools", {"name": "wide", "slots": 3})
    found = api.get("/pools", params={"order_by": "-slots"}).json()
    assert {entry["name"] for entry in found["pools"]} == {"default_pool", "wide"}
    some = api.get("/pools", params={"pool_name_pattern": "wi"}).json()
    assert some["total_entries"] == 1
