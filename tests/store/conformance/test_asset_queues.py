"""Events of assets and what they queue, on every store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.store.making import NOON, new_run, recorded, spec, started

from slipstream.model.asset import AssetName, AssetUpdate
from slipstream.model.changes import AssetsUpdated, InstanceChanged
from slipstream.model.errors import AlreadyExistsError
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.schedule import OnAssets
from slipstream.model.states import RunType, TaskState
from slipstream.model.version import DagVersion
from slipstream.store.interface import Store
from slipstream.store.records import NewAssetRun, NoticeKind, RunWrite

pytestmark = pytest.mark.simulated

A, B = AssetName("a", "s3://a"), AssetName("b", "s3://b")


def asset(one: AssetName) -> JsonValue:
    return {"asset": {"name": one.name, "uri": one.uri, "group": "asset"}}


ALIAS: JsonValue = {"alias": {"name": "x", "group": "asset"}}
BOTH: JsonValue = {"all": [asset(A), asset(B)]}


def producer(store: Store) -> DagRun:
    """A running run whose task updates assets."""
    made = spec("producer", ["load"])
    task = replace(made.tasks["load"], details={"outlets": [asset(A), asset(B), ALIAS]})
    return started(store, recorded(store, replace(made, tasks={"load": task})))


def consumer(
    store: Store, condition: JsonValue, dag_id: str = "consumer", **schedule: JsonValue
) -> DagVersion:
    """A DAG that waits for assets and is not paused."""
    waits = OnAssets(condition=condition, **schedule)  # type: ignore[arg-type]  # fields of it
    version = recorded(store, spec(dag_id, schedule=waits))
    store.set_paused([dag_id], False)
    return version


def succeed(store: Store, run: DagRun, *updates: AssetUpdate) -> DagRun:
    """The run's task succeeds and updates these."""
    done = TaskInstance(run_pk=run.pk, task_id="load", state=TaskState.SUCCESS)
    write = RunWrite(
        run.pk, run.revision, [InstanceChanged(done), AssetsUpdated(TaskKey("load"), updates)]
    )
    assert store.apply([write]) == frozenset()
    return store.get_run(run.dag_id, run.run_id)


def update(one: AssetName, **fields: object) -> AssetUpdate:
    return AssetUpdate(name=one.name, uri=one.uri, **fields)  # type: ignore[arg-type]  # fields


def queued(store: Store, dag_id: str = "consumer") -> set[AssetName]:
    return {one.asset for one in store.read_asset_queue(dag_id).assets}


def made(store: Store, version: DagVersion, run_id: str = "made") -> DagRun | None:
    """A run for everything that is queued."""
    queue = store.read_asset_queue(version.dag_id)
    new = new_run(version, run_id, run_type=RunType.ASSET_TRIGGERED, triggered_by="asset")
    numbers = [one.asset_pk for one in queue.assets]
    entries = [one.pk for one in queue.partitions]
    return store.create_asset_run(new, numbers, entries)


def names(store: Store, run: DagRun | None) -> Sequence[str]:
    """The assets of the events that the run was made for, in order."""
    assert run is not None
    return [event.name for event in store.events_of_run(run.pk)]


def test_an_update_waits_for_those_dags_alone_that_wait_for_it(store: Store) -> None:
    run = producer(store)
    consumer(store, asset(A))
    consumer(store, asset(B), "other")
    while store.take_notices():
        pass
    succeed(store, run, update(A, extra={"rows": 3}))
    assert queued(store) == {A}
    assert queued(store, "other") == set()
    assert store.dags_with_asset_queue() == ["consumer"]
    told = [(one.kind, one.subject) for one in store.take_notices()]
    assert told == [(NoticeKind.ASSETS_UPDATED, "consumer")]


def test_a_run_has_all_events_since_the_last_one(store: Store) -> None:
    run = producer(store)
    version = consumer(store, BOTH)
    run = succeed(store, run, update(A), update(A))
    run = succeed(store, run, update(B))
    first = made(store, version, "first")
    assert names(store, first) == ["a", "a", "b"]
    assert queued(store) == set()
    succeed(store, run, update(B))
    assert names(store, made(store, version, "second")) == ["b"]


def test_each_consumer_has_the_event(store: Store) -> None:
    run = producer(store)
    versions = [consumer(store, asset(A), dag_id) for dag_id in ("one", "two")]
    succeed(store, run, update(A))
    for version in versions:
        assert names(store, made(store, version)) == ["a"]


def test_what_is_not_there_any_more_makes_no_run(store: Store) -> None:
    run = producer(store)
    version = consumer(store, asset(A))
    succeed(store, run, update(A))
    queue = store.read_asset_queue("consumer")
    assert made(store, version, "first") is not None
    new = new_run(version, "second", run_type=RunType.ASSET_TRIGGERED, triggered_by="asset")
    assert store.create_asset_run(new, [one.asset_pk for one in queue.assets], []) is None
    assert store.active_run_pks() == [run.pk, *[store.get_run("consumer", "first").pk]]


def wanted(store: Store, version: DagVersion, run_id: str) -> NewAssetRun:
    new = new_run(version, run_id, run_type=RunType.ASSET_TRIGGERED, triggered_by="asset")
    queue = store.read_asset_queues([version.dag_id])[version.dag_id]
    return NewAssetRun(new, [one.asset_pk for one in queue.assets])


def test_runs_of_several_consumers_are_made_together_or_not_at_all(store: Store) -> None:
    run = producer(store)
    one, two = (consumer(store, asset(A), dag_id) for dag_id in ("one", "two"))
    taken = started(store, two, "taken")
    run = succeed(store, run, update(A))
    with pytest.raises(AlreadyExistsError):
        store.create_asset_runs([wanted(store, one, "made"), wanted(store, two, "taken")])
    assert queued(store, "one") == queued(store, "two") == {A}
    assert store.active_run_pks() == [run.pk, taken.pk]
    both = [wanted(store, one, "made"), wanted(store, two, "made")]
    assert [names(store, made) for made in store.create_asset_runs(both)] == [["a"], ["a"]]
    # What another one has taken meanwhile makes no run, and keeps no other from being made.
    succeed(store, run, update(A))
    left = [both[0], wanted(store, two, "more")]
    assert store.create_asset_run(wanted(store, one, "quick").run, left[0].assets, []) is not None
    gone, more = store.create_asset_runs(left)
    assert gone is None
    assert names(store, more) == ["a"]


def test_a_write_that_is_refused_records_nothing(store: Store) -> None:
    run = producer(store)
    consumer(store, asset(A))
    stale = replace(run, revision=run.revision - 1)
    change = AssetsUpdated(TaskKey("load"), (update(A),))
    assert store.apply([RunWrite(stale.pk, stale.revision, [change])]) == {run.pk}
    assert queued(store) == set()


def test_a_paused_dag_gets_to_know_later_and_is_not_started_by_it(store: Store) -> None:
    run = producer(store)
    version = consumer(store, asset(A))
    store.set_paused(["consumer"], True)
    run = succeed(store, run, update(A))
    assert queued(store) == set()
    store.set_paused(["consumer"], False)
    assert queued(store) == set()
    succeed(store, run, update(A))
    assert names(store, made(store, version)) == ["a", "a"]


def test_without_catchup_nothing_counts_that_was_before_the_dag(store: Store) -> None:
    run = succeed(store, producer(store), update(A))
    version = consumer(store, asset(A))
    assert queued(store) == set()
    succeed(store, run, update(A))
    assert names(store, made(store, version)) == ["a"]


def test_an_alias_stands_for_what_was_found_through_it(store: Store) -> None:
    run = producer(store)
    version = consumer(store, ALIAS)
    new = AssetName("new", "s3://new")
    succeed(store, run, update(new, aliases=("x",), asset_extra={"k": 1}))
    queue = store.read_asset_queue("consumer")
    assert [one.asset for one in queue.assets] == [new]
    assert {alias: list(found) for alias, found in queue.members.items()} == {"x": [new]}
    assert names(store, made(store, version)) == ["new"]


def test_an_asset_that_is_updated_past_its_alias_does_not_count_for_it(store: Store) -> None:
    run = producer(store)
    consumer(store, ALIAS)
    run = succeed(store, run, update(A, aliases=("x",)))
    assert made(store, store.get_dag("consumer").latest) is not None
    succeed(store, run, update(A))
    assert queued(store) == set()


def test_references_by_name_and_uri_are_found(store: Store) -> None:
    run = producer(store)
    by_name = consumer(store, {"asset_ref": {"name": "a"}}, "by_name")
    by_uri = consumer(store, {"asset_ref": {"uri": "s3://b"}}, "by_uri")
    succeed(store, run, update(A), update(B))
    assert names(store, made(store, by_name)) == ["a"]
    assert names(store, made(store, by_uri)) == ["b"]


def test_a_new_version_that_waits_for_less_forgets_the_rest(store: Store) -> None:
    run = producer(store)
    consumer(store, BOTH)
    run = succeed(store, run, update(A))
    version = consumer(store, {"any": [asset(B)]})
    assert queued(store) == set()
    succeed(store, run, update(B))
    assert names(store, made(store, version)) == ["b"]


def test_an_update_of_an_asset_that_nobody_mentions_is_no_event(store: Store) -> None:
    run = producer(store)
    version = consumer(store, asset(A))
    succeed(store, run, AssetUpdate(name="unheard"), update(A))
    assert names(store, made(store, version)) == ["a"]


BY_PARTITION: JsonValue = {"default": {"is": "identity"}}


def test_events_with_a_partition_start_only_what_waits_for_partitions(store: Store) -> None:
    run = producer(store)
    consumer(store, asset(A), "whole")
    consumer(store, asset(A), "parts", partitions=BY_PARTITION)
    succeed(store, run, update(A, partition_key="2026-03"), update(A))
    assert queued(store, "parts") == set()
    assert len(store.read_asset_queue("whole").assets) == 1
    entries = store.read_asset_queue("parts").partitions
    assert [(one.asset, one.source_key, one.target_key) for one in entries] == [
        (A, "2026-03", None)
    ]


def test_entries_are_sorted_into_partitions_and_taken_by_one(store: Store) -> None:
    run = producer(store)
    version = consumer(store, asset(A), partitions=BY_PARTITION)
    succeed(store, run, *(update(A, partition_key=key) for key in ("p", "q", "r")))
    p, q, r = (one.pk for one in store.read_asset_queue("consumer").partitions)
    store.sort_partitions("consumer", {p: ["one", "two"], q: ["one"], r: []})
    entries = store.read_asset_queue("consumer").partitions
    found = [(one.source_key, one.target_key) for one in entries]
    assert found == [("p", "one"), ("p", "two"), ("q", "one")]
    mine = [one.pk for one in entries if one.target_key == "one"]
    new = new_run(version, run_type=RunType.ASSET_TRIGGERED, triggered_by="asset")
    taken = store.create_asset_run(new, [], mine)
    assert taken is not None
    assert [event.partition_key for event in store.events_of_run(taken.pk)] == ["p", "q"]
    left = store.read_asset_queue("consumer").partitions
    assert [one.target_key for one in left] == ["two"]


def test_other_rules_for_partitions_begin_anew(store: Store) -> None:
    run = producer(store)
    consumer(store, asset(A), partitions=BY_PARTITION)
    succeed(store, run, update(A, partition_key="p"))
    consumer(store, asset(A), partitions={"default": {"is": "fixed", "key": "all"}})
    assert store.read_asset_queue("consumer").partitions == []


def test_events_tell_who_updated_what(store: Store) -> None:
    run = producer(store)
    version = consumer(store, asset(A))
    succeed(store, run, update(A, extra={"rows": 3}))
    found = made(store, version)
    assert found is not None
    (event,) = store.events_of_run(found.pk)
    assert (event.name, event.uri, event.extra) == ("a", "s3://a", {"rows": 3})
    assert (event.source_dag_id, event.source_run_id) == ("producer", run.run_id)
    assert (event.source_task_id, event.source_map_index) == ("load", -1)
    assert event.timestamp >= NOON
