"""Worlds of producers and consumers: every event is consumed once by each, whatever dies."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest

from slipstream.core.assets import is_met
from slipstream.model.asset import AssetEvent, AssetName, AssetUpdate
from slipstream.model.attempt import Attempt, Failed, Outcome, Succeeded
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.json import JsonValue
from slipstream.model.schedule import OnAssets
from slipstream.model.states import RunType, TaskState
from slipstream.testing.world import Outcomes, World, WorldSettings

ASSETS = [AssetName(name, f"s3://{name}") for name in "abcd"]
PARTITIONS = ("p", "q", "r")


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """A store that fails is the point here, not news."""
    caplog.set_level(logging.CRITICAL, logger="slipstream")


def asset(one: AssetName) -> JsonValue:
    return {"asset": {"name": one.name, "uri": one.uri}}


def producer(chance: Random, number: int) -> DagSpec:
    """A DAG whose tasks update some of the assets."""
    tasks = {}
    for task in range(chance.choice((1, 2, 4))):
        updated = chance.sample(ASSETS, chance.choice((1, 2)))
        task_id = f"t{task}"
        tasks[task_id] = TaskSpec(
            task_id=task_id,
            retries=chance.choice((0, 2)),
            details={"outlets": [*map(asset, updated), {"alias": {"name": "x"}}]},
        )
    return DagSpec(dag_id=f"producer{number}", tasks=tasks)


def consumer(chance: Random, number: int) -> DagSpec:
    """A DAG that waits for assets; it may update one itself, for others to wait for."""
    waited = chance.sample(ASSETS[:3], chance.choice((1, 2, 3)))
    word = chance.choice(("any", "all"))
    parts = [asset(one) for one in waited]
    if chance.random() < 0.3:
        parts.append({"alias": {"name": "x"}})
    if chance.random() < 0.3:
        parts = [{"any": parts[:1]}, {"all": parts}]
    schedule = OnAssets(
        condition={word: parts},
        partitions={"default": {"is": "identity"}} if chance.random() < 0.3 else None,
    )
    details: dict[str, JsonValue] = {"outlets": [asset(ASSETS[3])]} if chance.random() < 0.5 else {}
    return DagSpec(
        dag_id=f"consumer{number}",
        tasks={"t": TaskSpec(task_id="t", details=details)},
        schedule=schedule,
        max_active_runs=chance.choice((1, 2, 16)),
    )


def outcomes_of(seed: int, dags: dict[str, DagSpec]) -> Outcomes:
    def outcome(attempt: Attempt) -> Outcome:
        run, key = attempt.run, attempt.key
        chance = Random(f"{seed} {run.dag_id} {run.run_id} {key} {attempt.try_number}")
        if chance.random() < 0.15:
            return Failed(message="boom")
        task = dags[run.dag_id].tasks[key.task_id]
        outlets = task.details.get("outlets")
        updates = []
        for outlet in outlets if isinstance(outlets, list) else ():
            partition = chance.choice((None, None, *PARTITIONS))
            if "alias" in outlet:
                found = chance.choice(ASSETS[:3])
                updates.append(AssetUpdate(name=found.name, uri=found.uri, aliases=("x",)))
            else:
                found = AssetName(outlet["asset"]["name"], outlet["asset"]["uri"])
                updates.append(AssetUpdate(name=found.name, uri=found.uri, partition_key=partition))
        return Succeeded(updates=tuple(updates))

    return outcome


def world_of(seed: int) -> World:
    chance = Random(f"assets {seed}")
    is_calm = seed % 4 == 0
    dags = [producer(chance, number) for number in range(chance.choice((1, 2)))]
    dags += [consumer(chance, number) for number in range(chance.choice((1, 2, 4)))]
    settings = WorldSettings(
        parallelism=chance.choice((1, 4, 16)),
        runs=chance.choice((1, 3, 5)),
        errors=0 if is_calm else chance.choice((2, 8)),
        crashes=0 if is_calm else chance.choice((0, 2, 5)),
        fault_chance=chance.choice((0.02, 0.1, 0.2)),
        losses=0 if is_calm else chance.choice((0, 3)),
        executor_survives=chance.random() < 0.3,
    )
    return World(seed, dags, settings, outcomes_of(seed, {dag.dag_id: dag for dag in dags}))


def concerning(world: World, dag: DagSpec) -> Sequence[AssetEvent]:
    """The events that concern a consumer, by what its schedule says."""
    found = []
    schedule = dag.schedule
    assert isinstance(schedule, OnAssets)
    for event in world.store.assets.events:
        names = {AssetName(event.name, event.uri)}
        through = {"x": names} if "x" in event.aliases else {}
        # One of the leaves is met by this event alone.
        if is_met({"any": leaves(schedule.condition)}, names, through):
            found.append(event)
    return found


def leaves(condition: JsonValue) -> list[JsonValue]:
    assert isinstance(condition, dict)
    word, value = next(iter(condition.items()))
    if word in ("any", "all"):
        assert isinstance(value, list)
        return [leaf for part in value for leaf in leaves(part)]
    return [condition]


def check(world: World) -> None:
    """Everything that must hold when nothing happens any more."""
    store = world.store
    # Every success of a task with outlets has its events, and nothing else has any.
    recorded = Counter(
        (event.source_dag_id, event.source_run_id, event.source_task_id)
        for event in store.assets.events
    )
    expected: Counter[tuple[str | None, str | None, str | None]] = Counter()
    for run in store.runs():
        spec = store.get_version(run.version_id).spec
        for key, instance in store.instances(run.pk).items():
            outlets = spec.tasks[key.task_id].details.get("outlets")
            if instance.state is TaskState.SUCCESS and isinstance(outlets, list):
                expected[run.dag_id, run.run_id, key.task_id] += len(outlets)
    assert recorded == +expected
    for dag_id in store.dag_ids():
        spec = store.get_dag(dag_id).latest.spec
        if isinstance(spec.schedule, OnAssets):
            check_consumer(world, spec)


def check_consumer(world: World, dag: DagSpec) -> None:
    store = world.store
    runs = [run for run in store.runs() if run.dag_id == dag.dag_id]
    by_assets = [run for run in runs if run.run_type is RunType.ASSET_TRIGGERED]
    assert isinstance(dag.schedule, OnAssets)
    consumed: Counter[int] = Counter()
    for run in by_assets:
        events = store.assets.of_runs[run.pk]
        assert events, f"{run.run_id} has no events"
        consumed.update(events)
    assert not consumed or max(consumed.values()) == 1, "an event was consumed twice"
    mine = concerning(world, dag)
    assert consumed.keys() <= {event.pk for event in mine}
    queue = store.read_asset_queue(dag.dag_id)
    left = {event.pk for event in mine} - consumed.keys()
    if dag.schedule.partitions is None:
        # What is left over does not meet the condition, or it would have started a run.
        waiting = {one.asset for one in queue.assets}
        assert not is_met(dag.schedule.condition, waiting, queue.members)
        counting = {e.pk for e in mine if e.partition_key is None} & left
        assert {AssetName(e.name, e.uri) for e in mine if e.pk in counting} == waiting
    else:
        waiting_events = {one.event_pk for one in queue.partitions}
        assert waiting_events == {e.pk for e in mine if e.partition_key is not None} & left
        assert all(one.target_key is not None for one in queue.partitions)
        for run in by_assets:
            keys = {
                world.store.assets.events[pk - 1].partition_key
                for pk in store.assets.of_runs[run.pk]
            }
            assert keys == {run.partition_key}


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_every_event_is_consumed_once_by_each_consumer(first: int) -> None:
    consumed = 0
    for seed in range(first, first + 20):
        world = world_of(seed)
        world.run()
        try:
            check(world)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        consumed += sum(map(len, world.store.assets.of_runs.values()))
    assert consumed > 50
