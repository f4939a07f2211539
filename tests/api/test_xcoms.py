"""XComs."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import PurePosixPath

import pytest
from tests.api.conftest import Client
from tests.api.making import NOON, a_run, recorded, started

from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import TaskState
from slipstream.store.interface import Store
from slipstream.wire.values import encode_value

ENTRIES = "/dags/etl/dagRuns/first/taskInstances/extract/xcomEntries"


@pytest.fixture
def run(store: Store) -> DagRun:
    version = recorded(store)
    run = started(
        store,
        a_run(store, version, logical_date=NOON),
        version,
        extract=TaskState.SUCCESS,
        transform=TaskState.SUCCESS,
    )
    store.set_xcom(run.pk, TaskKey("extract"), "return_value", json.dumps({"a": [1, None]}), 1)
    store.set_xcom(run.pk, TaskKey("extract"), "text", '"words"', None)
    for index in range(3):
        store.set_xcom(run.pk, TaskKey("transform", index), "return_value", str(index), None)
    return run


@pytest.mark.usefixtures("run")
def test_xcoms_are_listed_without_their_values(api: Client) -> None:
    found = api.get(ENTRIES, params={"order_by": "key"}).json()
    assert [entry["key"] for entry in found["xcom_entries"]] == ["return_value", "text"]
    first = found["xcom_entries"][0]
    assert "value" not in first
    assert (first["dag_id"], first["run_id"], first["task_id"]) == ("etl", "first", "extract")
    assert first["map_index"] == -1
    assert first["logical_date"] == first["run_after"] == "2026-03-01T12:00:00.123456Z"
    only = api.get(ENTRIES, params={"xcom_key": "text"}).json()
    assert only["total_entries"] == 1


@pytest.mark.usefixtures("run")
def test_tildes_list_all_xcoms(api: Client) -> None:
    found = api.get("/dags/~/dagRuns/~/taskInstances/~/xcomEntries").json()
    assert found["total_entries"] == 5
    mapped = api.get(
        "/dags/etl/dagRuns/~/taskInstances/transform/xcomEntries", params={"map_index": 2}
    ).json()
    assert mapped["total_entries"] == 1
    for query, count in [
        ({"task_id_pattern": "form"}, 3),
        ({"xcom_key_prefix_pattern": "te"}, 1),
        ({"map_index_filter": 0}, 1),
        ({"logical_date_gt": NOON.isoformat()}, 0),
        ({"run_id_pattern": "irs", "dag_display_name_pattern": "etl"}, 5),
    ]:
        found = api.get("/dags/~/dagRuns/~/taskInstances/~/xcomEntries", params=query).json()
        assert found["total_entries"] == count, query


@pytest.mark.usefixtures("run")
def test_a_value_is_shown_as_json_or_as_text(api: Client) -> None:
    native = api.get(f"{ENTRIES}/return_value").json()
    assert native["value"] == {"a": [1, None]}
    text = api.get(f"{ENTRIES}/return_value", params={"stringify": "true"}).json()
    assert json.loads(text["value"]) == {"a": [1, None]}
    words = api.get(f"{ENTRIES}/text", params={"stringify": "true"}).json()
    assert words["value"] == "words"
    assert api.get(f"{ENTRIES}/text", params={"deserialize": "true"}).json()["value"] == "words"
    assert api.get(f"{ENTRIES}/no").status_code == 404


@pytest.mark.usefixtures("run")
def test_a_mapped_instances_value_is_found_by_its_index(api: Client) -> None:
    path = "/dags/etl/dagRuns/first/taskInstances/transform/xcomEntries/return_value"
    assert api.get(path, params={"map_index": 2}).json()["value"] == 2
    assert api.get(path).status_code == 404


@pytest.mark.usefixtures("run")
def test_a_value_is_created_changed_and_removed(api: Client) -> None:
    answer = api.post(ENTRIES, {"key": "new", "value": [1, 2]})
    assert answer.status_code == 201
    assert answer.json()["value"] == [1, 2]
    assert api.post(ENTRIES, {"key": "new", "value": 1}).status_code == 409
    changed = api.patch(f"{ENTRIES}/new", {"value": {"b": True}})
    assert changed.json()["value"] == {"b": True}
    assert api.get(f"{ENTRIES}/new").json()["value"] == {"b": True}
    assert api.patch(f"{ENTRIES}/no", {"value": 1}).status_code == 404
    assert api.delete(f"{ENTRIES}/new").status_code == 204
    assert api.delete(f"{ENTRIES}/new").status_code == 404


@dataclass
class Score:
    """What a task may return."""

    name: str
    values: tuple[float, ...]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, (2, 3)), [1, [2, 3]]),
        ({"a": {1}}, {"a": [1]}),
        ({"__type__": "mine", "b": 1}, {"__type__": "mine", "b": 1}),
        (NOON, "2026-03-01T12:00:00.123456+00:00"),
        (NOON.date(), "2026-03-01"),
        (timedelta(hours=1, seconds=2), "1:00:02"),
        (Decimal("1.50"), "1.50"),
        (PurePosixPath("/a/b"), "/a/b"),
        (float("inf"), "inf"),
        (Score("auc", (0.5, 1.0)), {"name": "auc", "values": [0.5, 1.0]}),
        (b"\x00", {"__type__": "bytes", "__value__": "AA=="}),
    ],
)
def test_a_value_of_pythons_own_is_shown_as_plain_json(
    api: Client, store: Store, run: DagRun, value: object, expected: object
) -> None:
    store.set_xcom(run.pk, TaskKey("extract"), "odd", encode_value(value), None)
    assert api.get(f"{ENTRIES}/odd").json()["value"] == expected


def test_a_class_named_in_a_value_is_never_loaded(api: Client, store: Store, run: DagRun) -> None:
    named = {"class": "antigravity:Nothing", "data": {"x": 1}}
    text = json.dumps({"__type__": "dataclass", "__value__": named})
    store.set_xcom(run.pk, TaskKey("extract"), "odd", text, None)
    for query in ({}, {"deserialize": "true"}, {"stringify": "true"}):
        assert api.get(f"{ENTRIES}/odd", params=query).status_code == 200
    assert "antigravity" not in sys.modules


@pytest.mark.usefixtures("run")
def test_a_value_that_looks_like_a_tag_comes_back_as_it_was_sent(api: Client) -> None:
    sneaky = {"__type__": "path", "__value__": "/etc/passwd"}
    api.post(ENTRIES, {"key": "sneaky", "value": sneaky})
    assert api.get(f"{ENTRIES}/sneaky").json()["value"] == sneaky


@pytest.mark.usefixtures("run")
def test_a_value_needs_an_instance(api: Client) -> None:
    path = "/dags/etl/dagRuns/first/taskInstances/no/xcomEntries"
    assert api.post(path, {"key": "k", "value": 1}).status_code == 404
