"""What task instances remember, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.api.conftest import Client
from tests.api.making import NOON, a_run, recorded, started

from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import TaskState
from slipstream.store.interface import Store

STATE = "/dags/etl/dagRuns/first/taskInstances/extract/state-store"
EXTRACT = TaskKey("extract")


@pytest.fixture
def run(store: Store) -> DagRun:
    version = recorded(store)
    return started(
        store,
        a_run(store, version, logical_date=NOON),
        version,
        extract=TaskState.RUNNING,
        transform=TaskState.RUNNING,
    )


def test_what_is_remembered_is_listed_and_shown(api: Client, store: Store, run: DagRun) -> None:
    moment = datetime(2901, 1, 1, tzinfo=UTC)
    store.set_task_state(run.pk, EXTRACT, "job", '{"id": 7}', None)
    store.set_task_state(run.pk, EXTRACT, "done/so far", "0.5", moment)
    found = api.get(STATE).json()
    assert found["total_entries"] == 2
    first, second = found["task_state_store"]
    assert (first["key"], first["value"]) == ("done/so far", 0.5)
    assert first["expires_at"] == "2901-01-01T00:00:00Z"
    assert (second["value"], second["expires_at"]) == ({"id": 7}, None)
    assert api.get(f"{STATE}/done/so far").json() == first
    page = api.get(STATE, params={"limit": 1, "offset": 1}).json()
    assert [entry["key"] for entry in page["task_state_store"]] == ["job"]
    assert api.get(STATE, params={"limit": -1}).status_code == 422
    assert api.get(f"{STATE}/nothing").status_code == 404


@pytest.mark.usefixtures("run")
def test_a_value_is_put_changed_and_forgotten(api: Client) -> None:
    path = f"{STATE}/job"
    assert api.patch(path, {"value": 1}).status_code == 404
    assert api.put(path, {"value": [1, None], "expires_at": None}).status_code == 204
    changed = api.patch(path, {"value": 2}).json()
    assert (changed["value"], changed["expires_at"]) == (2, None)
    assert api.put(path, {"value": 3, "expires_at": "2901-01-01T01:00:00+01:00"}).is_success
    assert api.get(path).json()["expires_at"] == "2901-01-01T00:00:00Z"
    assert api.put(path, {"value": 3}).is_success
    kept = api.get(path).json()
    moments = [datetime.fromisoformat(kept[name]) for name in ("updated_at", "expires_at")]
    assert moments[1] - moments[0] == timedelta(days=30)
    assert api.delete(path).status_code == 204
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"value": None}, 422, "null"),
        ({}, 422, "value"),
        ({"value": 1, "expires_at": "soon"}, 422, "expires_at"),
        ({"value": 1, "expires_at": "2026-01-01T00:00:00"}, 422, "expires_at"),
        ({"value": "x" * 70_000}, 400, "max_value_storage_bytes"),
    ],
)
def test_a_value_that_cannot_be_kept_is_refused(
    api: Client, body: dict[str, object], status: int, word: str
) -> None:
    answer = api.put(f"{STATE}/job", body)
    assert answer.status_code == status
    assert word in answer.text


def test_all_of_an_instance_or_of_a_task_is_cleared(api: Client, store: Store, run: DagRun) -> None:
    for key in (EXTRACT, TaskKey("extract", 0), TaskKey("transform")):
        store.set_task_state(run.pk, key, "k", "1", None)
    assert api.delete(STATE).status_code == 204
    assert store.get_task_state(run.pk, EXTRACT, "k") is None
    assert store.get_task_state(run.pk, TaskKey("extract", 0), "k") is not None
    assert api.delete(STATE, params={"all_map_indices": "true"}).status_code == 204
    assert store.get_task_state(run.pk, TaskKey("extract", 0), "k") is None
    assert store.get_task_state(run.pk, TaskKey("transform"), "k") is not None


@pytest.mark.usefixtures("run")
def test_an_instance_that_there_is_not_is_not_found(api: Client) -> None:
    path = "/dags/etl/dagRuns/first/taskInstances/no/state-store"
    assert api.get(path).status_code == 404
    assert api.put(f"{path}/k", {"value": 1}).status_code == 404
    assert api.delete(path).status_code == 404
