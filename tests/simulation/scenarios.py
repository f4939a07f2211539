"""Worlds made from seeds: which DAGs, how their tasks end, and how hard life is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

from tests.reference.shapes import random_dag

from slipstream.model.attempt import (
    Attempt,
    AwaitsInput,
    Deferred,
    Failed,
    Outcome,
    Skipped,
    Succeeded,
    XComWrite,
)
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.deadline import DeadlineKind, DeadlineSpec
from slipstream.model.deferral import TRIGGER_FAILED
from slipstream.model.input import default_answer
from slipstream.model.run import TaskKey
from slipstream.model.schedule import Delta
from slipstream.store.records import BRANCH_DECISION_KEY
from slipstream.testing.virtual_time import START
from slipstream.testing.world import Outcomes, World, WorldSettings

HOURS = [START + timedelta(hours=hour) for hour in range(-2, 3)]
"""When a DAG with a schedule runs."""


def world_of(seed: int) -> World:
    """The world of a seed. Every fourth one is calm: nothing fails and nobody interferes."""
    chance = Random(f"scenario {seed}")
    is_calm = seed % 4 == 0
    pools = {"default_pool": 128, "small": chance.choice((1, 2, 4)), "large": 16}
    dags = [_decorated(chance, number, pools) for number in range(chance.choice((1, 1, 2)))]
    settings = WorldSettings(
        parallelism=chance.choice((1, 2, 4, 16)),
        pools=pools,
        runs=chance.choice((1, 1, 2, 3)),
        errors=0 if is_calm else chance.choice((0, 2, 8)),
        crashes=0 if is_calm else chance.choice((0, 1, 2)),
        fault_chance=chance.choice((0.01, 0.05, 0.2)),
        losses=0 if is_calm else chance.choice((0, 1, 5)),
        actions=0 if is_calm or is_undisturbed(seed) else chance.choice((1, 3, 8)),
        executor_survives=chance.random() < 0.3,
        trigger_deaths=0 if is_calm else seed % 5,
    )
    return World(seed, dags, settings, outcomes_of(seed, {dag.dag_id: dag for dag in dags}))


def is_undisturbed(seed: int) -> bool:
    """Whether nobody interferes: then the reference is told all that happens."""
    return seed % 4 in (0, 1)


def outcomes_of(seed: int, dags: dict[str, DagSpec]) -> Outcomes:
    """How tries end: always the same for the same run, instance and try."""

    def outcome(attempt: Attempt) -> Outcome:
        run, key, waited = attempt.run, attempt.key, attempt.next_method
        chance = Random(f"{seed} {run.dag_id} {run.run_id} {key} {attempt.try_number} {waited}")
        if waited is None and chance.random() < 0.1:
            timeout_at = run.run_after + timedelta(days=20)
            return Deferred(
                trigger_classpath="trigger",
                method_name="go_on",
                timeout_at=chance.choice((None, timeout_at)),
            )
        if waited is None and chance.random() < 0.1:
            timeout_at = run.run_after + timedelta(days=20)
            return AwaitsInput(
                method_name="go_on",
                default=chance.choice(("null", default_answer(["Yes"], {}))),
                timeout_at=chance.choice((None, timeout_at)),
            )
        if waited == TRIGGER_FAILED:
            return Failed(message="the trigger failed", retryable=chance.random() < 0.5)
        lengths = {
            name: chance.choice((0, 1, 2, 3))
            for name in ("return_value", "other")
            if chance.random() < 0.8
        }
        kind = chance.random()
        if kind < 0.72:
            return _success(chance, dags[run.dag_id], key, lengths)
        if kind < 0.93:
            return Failed(message="boom", retryable=chance.random() < 0.8)
        return Skipped()

    return outcome


def _success(chance: Random, dag: DagSpec, key: TaskKey, lengths: dict[str, int]) -> Outcome:
    below = sorted(dag.tasks[key.task_id].downstream) if key.task_id in dag.tasks else []
    skip: tuple[str, ...] = ()
    if below and chance.random() < 0.2:
        skip = tuple(chance.sample(below, chance.randint(1, len(below))))
    skip_all = chance.random() < 0.03
    xcoms = [XComWrite(name, "1", length) for name, length in lengths.items()]
    left_out = _all_below(dag, below) if skip_all else skip
    if left_out:
        # As real branches do, so that who reads the run anew knows of the decision.
        xcoms.append(XComWrite(BRANCH_DECISION_KEY, json.dumps({"skipped": left_out}), None))
    return Succeeded(xcoms=tuple(xcoms), lengths=lengths, skip=skip, skip_all_downstream=skip_all)


def _all_below(dag: DagSpec, direct: Sequence[str]) -> list[str]:
    """Everything that these tasks lead to, and they themselves, but for teardowns."""
    found: dict[str, None] = {}
    waiting = list(direct)
    while waiting:
        task_id = waiting.pop()
        if task_id not in found:
            found[task_id] = None
            waiting.extend(dag.tasks[task_id].downstream)
    return [task_id for task_id in found if not dag.tasks[task_id].is_teardown]


def _decorated(chance: Random, number: int, pools: dict[str, int]) -> DagSpec:
    """A random DAG with limits."""
    dag = random_dag(chance)
    tasks = {task.task_id: _limited(chance, task, pools) for task in dag.tasks.values()}
    if chance.random() < 0.25:
        dag = replace(
            dag,
            schedule=Delta(delta=timedelta(hours=1)),
            start_date=HOURS[0],
            end_date=HOURS[-1],
            catchup=True,
        )
    return replace(
        dag,
        dag_id=f"dag{number}",
        fileloc=f"/dags/dag{number}.py",
        tasks=tasks,
        max_active_tasks=chance.choice((1, 3, 16)),
        max_active_runs=chance.choice((1, 2, 16)),
        deadlines=_deadlines(Random(f"deadlines {dag.dag_id} {len(dag.tasks)} {number}")),
    )


def _deadlines(chance: Random) -> tuple[DeadlineSpec, ...]:
    """None, one or two, some of which are missed."""
    kinds = [kind for kind in DeadlineKind if kind is not DeadlineKind.CUSTOM]
    return tuple(
        DeadlineSpec(
            kind=chance.choice(kinds),
            interval=timedelta(seconds=chance.choice((-30, 1, 60, 3600))),
            at=START + timedelta(minutes=1),
            max_runs=2,
            min_runs=1,
        )
        for _ in range(chance.choice((0, 1, 2)))
    )


def _limited(chance: Random, task: TaskSpec, pools: dict[str, int]) -> TaskSpec:
    pool = chance.choice(("default_pool", "default_pool", "small", "large"))
    return replace(
        task,
        pool=pool,
        pool_slots=chance.randint(1, min(3, pools[pool])),
        total_weight=chance.randint(1, 10),
        max_active_tis_per_dag=chance.choice((None, None, None, 1, 2)),
        max_active_tis_per_dagrun=chance.choice((None, None, None, 1, 2)),
    )
