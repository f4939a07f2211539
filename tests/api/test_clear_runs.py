"""Running many runs again, and letting runs be about no partition."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.api.conftest import Client
from tests.api.making import NOON, a_run, end_run, recorded, started

from slipstream.model.states import RunState, TaskState
from slipstream.store.interface import Store

CLEAR = "/dags/etl/clearDagRuns"
PARTITIONS = "/dags/etl/clearPartitions"


@pytest.fixture(autouse=True)
def runs(store: Store) -> None:
    """Three runs that have ended, two of them about partitions."""
    version = recorded(store)
    for number, key in enumerate(("north", "south", None)):
        run = a_run(
            store,
            version,
            f"run{number}",
            logical_date=NOON + timedelta(days=number),
            partition_key=key,
            partition_date=None if key is None else NOON + timedelta(days=number),
        )
        run = started(store, run, version, extract=TaskState.SUCCESS, transform=TaskState.FAILED)
        end_run(store, run, RunState.FAILED)


def states(store: Store) -> list[str]:
    return [store.get_run("etl", f"run{number}").state.value for number in range(3)]


def named(*run_ids: str) -> dict[str, object]:
    return {"dag_runs": [{"dag_run_id": run_id} for run_id in run_ids], "dry_run": False}


def test_a_dry_run_says_which_instances_would_run_again(api: Client, store: Store) -> None:
    answer = api.post(CLEAR, {"dag_runs": [{"dag_run_id": "run0"}], "only_failed": True})
    assert answer.status_code == 200, answer.text
    assert answer.json()["total_entries"] == 3
    assert {entry["task_id"] for entry in answer.json()["task_instances"]} == {"transform"}
    assert states(store) == ["failed"] * 3


def test_the_runs_that_are_named_run_again(api: Client, store: Store) -> None:
    answer = api.post(CLEAR, {**named("run0", "run2", "run0"), "note": "again"})
    assert answer.status_code == 200, answer.text
    assert [run["dag_run_id"] for run in answer.json()["dag_runs"]] == ["run0", "run2"]
    assert answer.json()["total_entries"] == 2
    assert {run["note"] for run in answer.json()["dag_runs"]} == {"again"}
    assert states(store) == ["queued", "failed", "queued"]


def test_the_runs_of_a_partition_run_again(api: Client, store: Store) -> None:
    api.post(CLEAR, {"partition_key": "south", "dry_run": False})
    assert states(store) == ["failed", "queued", "failed"]


def test_the_runs_of_a_stretch_of_partitions_run_again(api: Client, store: Store) -> None:
    body = {"partition_date_start": NOON.isoformat(), "dry_run": False}
    answer = api.post(CLEAR, {**body, "partition_date_end": "2026-03-01T23:00:00"})
    assert answer.status_code == 200, answer.text
    assert states(store) == ["queued", "failed", "failed"]


def test_with_a_tilde_in_the_path_each_run_names_its_dag(api: Client, store: Store) -> None:
    path = "/dags/~/clearDagRuns"
    run = {"dag_run_id": "run1", "dag_id": "etl"}
    assert api.post(path, {"dag_runs": [run], "dry_run": False}).status_code == 200
    assert states(store) == ["failed", "queued", "failed"]
    assert api.post(path, named("run1")).status_code == 400
    assert api.post(path, {"partition_key": "south"}).status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"partition_key": "a", "dag_runs": [{"dag_run_id": "run0"}]}, 422),
        ({"partition_key": "a", "partition_date_start": "2026-01-01"}, 422),
        ({"dag_runs": [{"dag_run_id": "none"}]}, 404),
        ({"dag_runs": [{"dag_run_id": "run0", "dag_id": "other"}]}, 400),
        ({"dag_runs": [{"dag_run_id": "run0"}], "only_new": True, "only_failed": True}, 422),
    ],
)
def test_what_cannot_be_meant_is_refused(
    api: Client, store: Store, body: dict[str, object], status: int
) -> None:
    answer = api.post(CLEAR, body)
    assert answer.status_code == status, answer.text
    assert states(store) == ["failed"] * 3


def test_runs_are_about_no_partition_any_more(api: Client, store: Store) -> None:
    dates = {"partition_date_start": "2026-03-01", "partition_date_end": "2026-03-03T00:00:00"}
    dry = api.post(PARTITIONS, dates)
    assert dry.json() == {"dag_runs_cleared": 2, "task_instances_cleared": 0, "dry_run": True}
    assert store.get_run("etl", "run0").partition_key == "north"
    done = api.post(PARTITIONS, {"partition_key": "north", "dry_run": False})
    assert done.json() == {"dag_runs_cleared": 1, "task_instances_cleared": 0, "dry_run": False}
    run = store.get_run("etl", "run0")
    assert (run.partition_key, run.partition_date, run.state) == (None, None, RunState.FAILED)
    again = {"run_id": "run1", "clear_task_instances": True, "dry_run": False}
    assert api.post(PARTITIONS, again).json()["task_instances_cleared"] == 5
    assert states(store) == ["failed", "queued", "failed"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (PARTITIONS, {}, 422),
        (PARTITIONS, {"run_id": "run0", "partition_key": "north"}, 422),
        ("/dags/none/clearPartitions", {"run_id": "run0"}, 404),
        (PARTITIONS, {"run_id": "run0", "other": 1}, 422),
    ],
)
def test_which_partitions_must_be_said_in_one_way(
    api: Client, path: str, body: dict[str, object], status: int
) -> None:
    assert api.post(path, body).status_code == status
