"""What lists are ordered by, and what patterns find."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from tests.api.conftest import Client
from tests.api.making import ETL, a_run, recorded, started

from slipstream.model.run import TaskKey
from slipstream.model.states import TaskState
from slipstream.store.interface import Store

INSTANCES = "/dags/etl/dagRuns/one/taskInstances"
FACTS = Path(__file__).with_name("facts") / "orders.csv"
NEEDED = {"/backfills": {"dag_id": "etl"}}
PLACES = {"dag_id": "etl", "dag_run_id": "one", "task_id": "transform"}


def orders() -> list[tuple[str, str]]:
    """`(path, attribute)` of all that Airflow 3.3.2's API document names."""
    with FACTS.open() as lines:
        rows = [(row["path"], row["order_by"]) for row in csv.DictReader(lines)]
    return [(path.format(**PLACES), name) for path, names in rows for name in names.split()]


@pytest.fixture(autouse=True)
def _run(store: Store) -> None:
    version = recorded(store)
    run = a_run(store, version, "one")
    started(store, run, version, extract=TaskState.SUCCESS)
    for name in ("b", "a", "c"):
        store.set_xcom(run.pk, TaskKey("extract"), name, "1", None)


@pytest.mark.parametrize(("path", "name"), orders())
def test_lists_are_ordered_by_all_that_airflow_orders_by(api: Client, path: str, name: str) -> None:
    for order in (name, f"-{name}"):
        answer = api.get(path, params={"order_by": order, **NEEDED.get(path, {})})
        assert answer.status_code == 200, answer.text


def test_task_instances_are_ordered_by_their_operators(api: Client) -> None:
    def found(order: str) -> list[str]:
        entries = api.get(INSTANCES, params={"order_by": order}).json()["task_instances"]
        return [str(entry["operator"]) for entry in entries]

    assert found("operator") == sorted(found("operator"))
    assert found("-operator") == sorted(found("operator"), reverse=True)
    assert len(set(found("operator"))) > 1


def test_map_indexes_are_found_and_ordered_by_the_names_that_are_shown(api: Client) -> None:
    mapped = f"{INSTANCES}/transform/listMapped"
    found = api.get(mapped, params={"rendered_map_index_pattern": "1"}).json()["task_instances"]
    assert [entry["map_index"] for entry in found] == [1]
    found = api.get(mapped, params={"order_by": "-rendered_map_index"}).json()["task_instances"]
    assert [entry["rendered_map_index"] for entry in found] == ["2", "1", "0"]


def test_only_mapped_tasks_have_map_indexes(api: Client) -> None:
    answer = api.get(f"{INSTANCES}/extract/listMapped")
    assert (answer.status_code, "is not mapped" in answer.text) == (404, True)


def test_xcoms_of_a_run_come_by_their_keys_and_those_of_all_as_they_were_pushed(
    api: Client,
) -> None:
    def keys(path: str) -> list[str]:
        return [entry["key"] for entry in api.get(path).json()["xcom_entries"]]

    assert keys(f"{INSTANCES}/extract/xcomEntries") == ["a", "b", "c"]
    assert keys("/dags/~/dagRuns/~/taskInstances/~/xcomEntries") == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"dag_id_pattern": "ET"}, ["etl", "pet_shop"]),
        ({"dag_id_pattern": "tl | q_|sho|"}, ["etl", "pet_shop"]),
        ({"dag_id_pattern": "e_l"}, ["etl"]),
        ({"dag_id_pattern": "~"}, ["etl", "pet_shop", "x|y"]),
        ({"dag_id_pattern": r"x\|y"}, ["x|y"]),
        ({"dag_id_pattern": r"x\|tl"}, []),
        ({"dag_id_prefix_pattern": "et"}, ["etl"]),
        ({"dag_id_prefix_pattern": "ET"}, []),
        ({"dag_id_prefix_pattern": "et|pet_"}, ["etl", "pet_shop"]),
        ({"dag_id_prefix_pattern": "pe%"}, []),
        ({"dag_id_prefix_pattern": "e_"}, []),
    ],
)
def test_patterns_find_one_of_several_texts(
    api: Client, store: Store, query: dict[str, str], found: list[str]
) -> None:
    for dag_id in ("pet_shop", "x|y"):
        recorded(store, replace(ETL, dag_id=dag_id))
    assert [dag["dag_id"] for dag in api.get("/dags", params=query).json()["dags"]] == found


def test_pausing_a_selection_is_not_about_a_page_of_it(api: Client, store: Store) -> None:
    for number in range(4):
        recorded(store, replace(ETL, dag_id=f"other{number}"))

    def paused() -> list[str]:
        dags = api.get("/dags", params={"paused": True}).json()["dags"]
        return [dag["dag_id"] for dag in dags]

    api.send("PATCH", "/dags", params={"dag_id_pattern": "~"}, json={"is_paused": False})
    assert paused() == []
    query = {"dag_id_pattern": "other", "limit": 1}
    answer = api.send("PATCH", "/dags", params=query, json={"is_paused": True}).json()
    assert ([dag["dag_id"] for dag in answer["dags"]], answer["total_entries"]) == (["other0"], 4)
    assert paused() == [f"other{number}" for number in range(4)]
    api.send("PATCH", "/dags", params={"paused": True}, json={"is_paused": False})
    assert paused() == []
    # Nothing is selected, so nothing is changed.
    answer = api.send("PATCH", "/dags", params={"limit": 9}, json={"is_paused": True}).json()
    assert answer == {"dags": [], "total_entries": 0}
    assert paused() == []
