"""A dry run of clearing or marking lists exactly what the same order then changes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeAlias

import pytest
from tests.api.conftest import Client
from tests.api.making import NOON, a_run, end_run, keys_of, recorded

from slipstream.model.changes import InstanceChanged, InstancesAdded, RunChanged
from slipstream.model.dag import DagSpec, GroupSpec, Literal, TaskSpec
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import RunState, TaskState
from slipstream.store.interface import Store
from slipstream.store.records import InstanceFilter, RunWrite

Key: TypeAlias = tuple[str, str, int]
"""The run's id, the task's id and the map index."""

RUNS = ("one", "two", "three")
DONE = (
    TaskState.SUCCESS,
    TaskState.FAILED,
    TaskState.SKIPPED,
    TaskState.UPSTREAM_FAILED,
    TaskState.UP_FOR_RETRY,
    TaskState.RUNNING,
    TaskState.NONE,
)


def random_dag(chance: random.Random) -> DagSpec:
    """Up to eight tasks in random order, some of them mapped, some in a group."""
    names = [f"t{number}" for number in range(chance.randint(1, 8))]
    upstream: dict[str, list[str]] = {
        name: [one for one in names[:number] if chance.random() < 0.35]
        for number, name in enumerate(names)
    }
    ids = {name: f"g.{name}" if chance.random() < 0.3 else name for name in names}
    tasks = {
        ids[name]: TaskSpec(
            task_id=ids[name],
            upstream=tuple(ids[one] for one in upstream[name]),
            downstream=tuple(ids[one] for one in names if name in upstream[one]),
            mapped=Literal(chance.randint(1, 3)) if chance.random() < 0.3 else None,
            group_id="g" if ids[name].startswith("g.") else None,
            retries=chance.randint(0, 2),
        )
        for name in names
    }
    groups = {"g": GroupSpec(group_id="g")} if any(id_.startswith("g.") for id_ in tasks) else {}
    return DagSpec(dag_id="d", tasks=tasks, groups=groups)


def with_states(store: Store, run: DagRun, spec: DagSpec, chance: random.Random) -> None:
    """The run, ended or under way, its instances in random states."""
    instances = [
        TaskInstance(run_pk=run.pk, task_id=key.task_id, map_index=key.map_index)
        for key in keys_of(spec)
    ]
    changed = []
    for number, instance in enumerate(instances):
        state = chance.choice(DONE)
        attempt = f"00000000-0000-7000-8000-{run.pk:06d}{number:06d}"
        is_begun = state is not TaskState.NONE
        changed.append(
            InstanceChanged(
                instance_in(instance, state, attempt if is_begun else None, int(is_begun))
            )
        )
    state = chance.choice((RunState.RUNNING, RunState.SUCCESS, RunState.FAILED))
    running = run_in(run, RunState.RUNNING)
    added = [RunChanged(running), InstancesAdded(tuple(instances))]
    store.apply([RunWrite(run.pk, run.revision, added)])
    store.apply([RunWrite(run.pk, store.get_run("d", run.run_id).revision, changed)])
    if state is not RunState.RUNNING:
        end_run(store, store.get_run("d", run.run_id), state)


def instance_in(
    instance: TaskInstance, state: TaskState, attempt_id: str | None, try_number: int
) -> TaskInstance:
    return replace(
        instance, state=state, attempt_id=attempt_id, try_number=try_number, queued_at=NOON
    )


def run_in(run: DagRun, state: RunState) -> DagRun:
    return replace(run, state=state, start_date=NOON)


def flags(chance: random.Random, *names: str) -> dict[str, bool]:
    return {name: chance.random() < 0.5 for name in names}


def states(store: Store) -> Mapping[Key, tuple[TaskState, str | None, int]]:
    """What there is to change of each instance."""
    found = {}
    for entry in store.iterate_instances(InstanceFilter(dag_ids=["d"])):
        one = entry.instance
        key = (entry.run.run_id, one.task_id, one.map_index)
        found[key] = (one.state, one.attempt_id, one.try_number)
    return found


def listed(answer: Any) -> set[Key]:
    assert answer.status_code == 200, answer.text
    entries = answer.json()["task_instances"]
    found = {(one["dag_run_id"], one["task_id"], one["map_index"]) for one in entries}
    assert len(found) == len(entries)
    return found


@pytest.fixture
def world(store: Store, chance: random.Random) -> DagSpec:
    spec = random_dag(chance)
    version = recorded(store, spec)
    for days, run_id in enumerate(RUNS):
        run = a_run(store, version, run_id, logical_date=NOON + timedelta(days=days))
        with_states(store, run, spec, chance)
    return spec


@pytest.fixture(params=range(15))
def chance(request: pytest.FixtureRequest) -> Iterator[random.Random]:
    return random.Random(request.param)


def test_clearing_changes_what_its_dry_run_lists(
    api: Client, store: Store, chance: random.Random, world: DagSpec
) -> None:
    around = ("include_upstream", "include_downstream", "include_past", "include_future")
    more = ("reset_dag_runs", "run_on_latest_version")
    body: dict[str, object] = flags(chance, "only_failed", *around, *more)
    body["dag_run_id"] = chance.choice(RUNS)
    if chance.random() < 0.8:
        some = chance.sample(sorted(world.tasks), chance.randint(1, len(world.tasks)))
        body["task_ids"] = [
            [name, 0] if world.tasks[name].mapped and chance.random() < 0.5 else name
            for name in some
        ]
    before = states(store)
    would = listed(api.post("/dags/d/clearTaskInstances", {**body, "dry_run": True}))
    assert states(store) == before
    did = listed(api.post("/dags/d/clearTaskInstances", {**body, "dry_run": False}))
    after = states(store)
    changed = {key for key in before if after[key] != before[key]}
    assert would == did
    # What was as new already is listed, and looks the same.
    assert {key for key in would if before[key][0] is not TaskState.NONE} == changed


@pytest.mark.parametrize("what", ["task", "group"])
def test_marking_changes_what_its_dry_run_lists(
    api: Client, store: Store, chance: random.Random, world: DagSpec, what: str
) -> None:
    around = ("include_upstream", "include_downstream", "include_past", "include_future")
    body: dict[str, object] = flags(chance, *around)
    body["new_state"] = state = chance.choice(("success", "failed", "skipped"))
    path = f"/dags/d/dagRuns/{chance.choice(RUNS)}"
    if what == "group":
        if not world.groups:
            return
        path += "/taskGroupInstances/g"
    else:
        name = chance.choice(sorted(world.tasks))
        path += f"/taskInstances/{name}"
        if world.tasks[name].mapped and chance.random() < 0.5:
            path += "/0"
    before = states(store)
    preview = api.patch(f"{path}/dry_run", body)
    would = listed(preview)
    assert states(store) == before
    for one in preview.json()["task_instances"]:
        key = (one["dag_run_id"], one["task_id"], one["map_index"])
        assert (one["state"] or "none") == before[key][0].value
    api.patch(path, body)
    after = states(store)
    changed = {key for key in before if after[key][0] != before[key][0]}
    # Marks of a failure open what it held up, which is no mark itself.
    marked = {key for key in changed if after[key][0] == state}
    assert would == marked
