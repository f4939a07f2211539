"""Assets over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.api.conftest import Client
from tests.store.conformance.test_asset_queues import (
    ALIAS,
    A,
    B,
    asset,
    consumer,
    made,
    producer,
    succeed,
    update,
)
from tests.store.making import recorded, spec

from slipstream.model.asset import AssetName, AssetSpec
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun
from slipstream.model.schedule import NoSchedule, OnAssets
from slipstream.store.interface import Store
from slipstream.store.records import AssetEventFilter, AssetFilter, Window

BACK = AssetName("c", "s3://c")


@pytest.fixture
def run(store: Store) -> DagRun:
    """A running run of a DAG that makes two assets, and a DAG that waits for both."""
    found = producer(store)
    consumer(store, {"all": [asset(A), asset(B)]})
    consumer(store, ALIAS, "other")
    return found


def number(store: Store, name: str) -> int:
    return store.list_assets(AssetFilter(name=name), Window()).items[0].pk


def test_assets_are_listed_with_who_mentions_them(api: Client, store: Store, run: DagRun) -> None:
    succeed(store, run, update(A, extra={"rows": 3}))
    found = api.get("/assets").json()
    assert found["total_entries"] == 2
    first = found["assets"][0]
    assert (first["name"], first["uri"], first["group"]) == ("a", "s3://a", "asset")
    assert [one["dag_id"] for one in first["scheduled_dags"]] == ["consumer"]
    assert [(one["dag_id"], one["task_id"]) for one in first["producing_tasks"]] == [
        ("producer", "load")
    ]
    assert first["consuming_tasks"] == first["watchers"] == []
    assert first["last_asset_event"]["id"] == 1
    assert found["assets"][1]["last_asset_event"] == {"id": None, "timestamp": None}
    assert api.get(f"/assets/{first['id']}").json() == first
    assert api.get("/assets/77").status_code == 404


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"name_pattern": "A"}, ["a"]),
        ({"uri_pattern": "s3"}, ["a", "b"]),
        ({"uri_prefix_pattern": "s3://b"}, ["b"]),
        ({"dag_ids": "consumer", "order_by": "-name"}, ["b", "a"]),
        ({"dag_ids": "other"}, []),
    ],
)
def test_assets_are_found(
    api: Client, store: Store, run: DagRun, query: dict[str, str], names: list[str]
) -> None:
    found = api.get("/assets", params=query).json()
    assert [one["name"] for one in found["assets"]] == names


def test_an_asset_that_no_dag_mentions_is_not_in_use(api: Client, store: Store) -> None:
    recorded(store, spec("d", assets=()))
    producer(store)
    store.mark_files_gone(["/dags/producer.py"])
    assert api.get("/assets").json()["total_entries"] == 0
    assert api.get("/assets?only_active=false").json()["total_entries"] == 2
    producer_again = replace(spec("producer", ["load"]), description="new")
    recorded(store, producer_again)
    assert api.get("/assets").json()["total_entries"] == 0


def test_aliases_are_listed(api: Client, store: Store, run: DagRun) -> None:
    found = api.get("/assets/aliases?name_pattern=X").json()
    assert [(one["name"], one["group"]) for one in found["asset_aliases"]] == [("x", "asset")]
    number = found["asset_aliases"][0]["id"]
    assert api.get(f"/assets/aliases/{number}").json()["name"] == "x"
    assert api.get("/assets/aliases/77").status_code == 404


def test_events_are_listed_with_the_runs_that_they_started(
    api: Client, store: Store, run: DagRun
) -> None:
    run = succeed(store, run, update(A, extra={"rows": 3}), update(B))
    started = made(store, store.get_dag("consumer").latest)
    assert started is not None
    found = api.get("/assets/events").json()
    assert found["total_entries"] == 2
    first = found["asset_events"][0]
    assert (first["name"], first["uri"], first["extra"]) == ("a", "s3://a", {"rows": 3})
    assert (first["source_dag_id"], first["source_task_id"]) == ("producer", "load")
    assert [one["run_id"] for one in first["created_dagruns"]] == ["made"]
    assert api.get("/assets/events?source_task_id=no").json()["total_entries"] == 0
    assert api.get(f"/assets/events?asset_id={first['asset_id']}").json()["total_entries"] == 1
    later = {"timestamp_gt": first["timestamp"]}
    assert api.get("/assets/events", params=later).json()["total_entries"] == 0
    upstream = api.get("/dags/consumer/dagRuns/made/upstreamAssetEvents").json()
    assert [one["name"] for one in upstream["asset_events"]] == ["a", "b"]


def test_an_event_may_be_reported(api: Client, store: Store, run: DagRun) -> None:
    body = {"asset_id": number(store, "a"), "extra": {"by": "hand"}}
    answer = api.post("/assets/events", json=body)
    assert answer.status_code == 200
    event = answer.json()
    assert event["extra"] == {"by": "hand", "from_rest_api": True}
    assert (event["source_dag_id"], event["source_map_index"]) == (None, -1)
    assert store.read_asset_queue("consumer").assets[0].asset == A
    assert api.post("/assets/events", json={"asset_id": 77}).status_code == 404
    wrong = {"asset_id": body["asset_id"], "partition_key": ""}
    assert api.post("/assets/events", json=wrong).status_code == 422


def test_secrets_in_the_extra_of_assets_and_events_are_masked(
    api: Client, store: Store, run: DagRun
) -> None:
    kept: JsonValue = {"rows": 3, "api_key": "hush", "inner": [{"password": "hush"}]}
    shown = {"rows": 3, "api_key": "***", "inner": [{"password": "***"}]}
    own = AssetSpec(name="k", uri="s3://k", group="asset", extra=kept)
    keyed = spec("keyed", ["load"])
    task = replace(keyed.tasks["load"], details={"outlets": [asset(AssetName("k", "s3://k"))]})
    recorded(store, replace(keyed, tasks={"load": task}, assets=(own,)))
    found = api.get("/assets?name_pattern=k&only_active=false").json()["assets"]
    assert [one["extra"] for one in found] == [shown]
    assert api.get(f"/assets/{found[0]['id']}").json()["extra"] == shown
    succeed(store, run, update(A, extra=kept))
    assert api.get("/assets/events").json()["asset_events"][0]["extra"] == shown
    answer = api.post("/assets/events", json={"asset_id": number(store, "b"), "extra": kept})
    assert answer.json()["extra"] == {**shown, "from_rest_api": True}
    assert store.list_asset_events(AssetEventFilter(), Window()).items[0].extra == kept


def test_what_waits_is_shown_and_can_be_dropped(api: Client, store: Store, run: DagRun) -> None:
    a, b = number(store, "a"), number(store, "b")
    of_dag, of_both = (
        "/dags/consumer/assets/queuedEvents",
        f"/dags/consumer/assets/{a}/queuedEvents",
    )
    assert api.get(of_dag).json() == {"queued_events": [], "total_entries": 0}
    succeed(store, run, update(A))
    found = api.get(of_dag).json()
    assert found["total_entries"] == 1
    assert found["queued_events"][0]["asset_id"] == a
    assert found["queued_events"][0]["dag_display_name"] == "consumer"
    assert api.get(f"/assets/{a}/queuedEvents").json() == found
    assert api.get(of_both).json() == found["queued_events"][0]
    assert api.get(f"/assets/{b}/queuedEvents").json()["total_entries"] == 0
    assert api.get(of_both, params={"before": "2001-01-01T00:00:00Z"}).status_code == 404
    assert api.delete(of_both).status_code == 204
    assert api.delete(of_both).status_code == 404
    assert api.delete(of_dag).status_code == 404
    assert api.delete(f"/assets/{a}/queuedEvents").status_code == 404


def test_an_asset_is_materialized_by_the_one_dag_that_makes_it(
    api: Client, store: Store, run: DagRun
) -> None:
    path = f"/assets/{number(store, 'a')}/materialize"
    body = {"conf": {"k": 1}, "partition_key": "p"}
    assert "does not accept a partition_key" in api.post(path, json=body).json()["detail"]
    producer = store.get_dag("producer").latest.spec
    recorded(store, replace(producer, schedule=NoSchedule(partitioned_at_runtime=True)))
    answer = api.post(path, json=body)
    assert answer.status_code == 200
    started = answer.json()
    assert (started["dag_id"], started["run_type"]) == ("producer", "asset_materialization")
    assert (started["conf"], started["partition_key"]) == ({"k": 1}, "p")
    assert started["dag_run_id"].startswith("asset_materialization__")
    assert api.post(path).status_code == 200
    tasks = store.get_dag("producer").latest.spec.tasks
    recorded(store, replace(spec("twin"), tasks=tasks))
    answer = api.post(path)
    assert answer.status_code == 409
    assert "producer, twin" in answer.json()["detail"]
    recorded(store, spec("lonely", schedule=store.get_dag("other").latest.spec.schedule))
    assert api.post("/assets/77/materialize").status_code == 404


def test_what_is_remembered_of_an_asset_can_be_changed(
    api: Client, store: Store, run: DagRun
) -> None:
    path = f"/assets/{number(store, 'a')}/state-store"
    assert api.put(f"{path}/water/mark", json={"value": [1]}).status_code == 204
    found = api.get(path).json()
    assert found["total_entries"] == 1
    entry = found["asset_state_store"][0]
    assert (entry["key"], entry["value"]) == ("water/mark", [1])
    assert entry["last_updated_by"]["kind"] == "api"
    assert api.get(f"{path}/water/mark").json() == entry
    assert api.delete(f"{path}/water/mark").status_code == 204
    assert api.get(f"{path}/water/mark").status_code == 404
    assert api.delete(path).status_code == 204
    assert api.get("/assets/77/state-store").status_code == 404


def test_assets_in_conflict_are_warned_of(api: Client, store: Store, run: DagRun) -> None:
    assert api.get("/dagWarnings").json() == {"dag_warnings": [], "total_entries": 0}
    consumer(store, asset(A._replace(uri="s3://other")), "twin")
    found = api.get("/dagWarnings?dag_id=twin&warning_type=asset conflict").json()
    (warning,) = found["dag_warnings"]
    assert (warning["dag_id"], warning["dag_display_name"]) == ("twin", "twin")
    assert "another one has the same name, with the URI 's3://a'" in warning["message"]
    store.delete_dag("twin")
    assert api.get("/dagWarnings").json()["total_entries"] == 0


def test_dags_that_start_each_other_for_ever_are_warned_of(
    api: Client, store: Store, run: DagRun
) -> None:
    back = spec("back", ["t"], schedule=OnAssets(condition=asset(A)))
    task = replace(back.tasks["t"], details={"outlets": [asset(BACK)]})
    recorded(store, replace(back, tasks={"t": task}))
    assert api.get("/dagWarnings").json()["total_entries"] == 0
    again = spec("again", ["t"], schedule=OnAssets(condition=asset(BACK)))
    recorded(store, replace(again, tasks={"t": replace(task, details={"outlets": [asset(A)]})}))
    found = api.get("/dagWarnings").json()["dag_warnings"]
    assert [one["dag_id"] for one in found] == ["again", "back"]
    circle = "'again' updates 'a', which starts 'back'; 'back' updates 'c', which starts 'again'."
    assert all(circle in one["message"] for one in found)
    recorded(store, replace(again, tasks={"t": replace(task, details={})}))
    assert api.get("/dagWarnings").json()["total_entries"] == 0


def test_dags_and_runs_are_found_by_assets(api: Client, store: Store, run: DagRun) -> None:
    def dags(**query: object) -> list[str]:
        found = api.get("/dags", params=query).json()["dags"]
        return [one["dag_id"] for one in found]

    assert dags(has_asset_schedule=True) == ["consumer", "other"]
    assert dags(has_asset_schedule=False) == ["producer"]
    assert dags(asset_dependency="S3://A") == ["consumer"]
    assert dags(asset_dependency="%") == []
    succeed(store, run, update(A), update(B))
    assert made(store, store.get_dag("consumer").latest) is not None
    for text, total in (("s3://a", 1), ("no", 0), ("%", 0)):
        query = {"consuming_asset_pattern": text}
        assert api.get("/dags/~/dagRuns", params=query).json()["total_entries"] == total
