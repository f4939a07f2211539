"""Admission against what it should be: the best that no limit stops, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest
from tests.core.making import dag, run, task

from slipstream.core.admission import Admission
from slipstream.model.dag import DagSpec, Literal
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import TaskState

DEFERRED, AWAITING_INPUT = TaskState.DEFERRED, TaskState.AWAITING_INPUT
Named = tuple[int, TaskKey]


@dataclass
class Plain:
    """The same, by looking at everything each time."""

    parallelism: int
    pools: dict[str, tuple[int, bool]] = field(default_factory=dict)
    runs: dict[int, tuple[DagRun, DagSpec]] = field(default_factory=dict)
    waiting: set[Named] = field(default_factory=set)
    held: set[Named] = field(default_factory=set)
    deferred: set[Named] = field(default_factory=set)
    awaiting: set[Named] = field(default_factory=set)

    def admit(self) -> list[Named]:
        admitted: list[Named] = []
        while free := [one for one in self.waiting if self.may_go(one)]:
            best = min(free, key=self.order)
            self.waiting.discard(best)
            self.held.add(best)
            admitted.append(best)
        return admitted

    def order(self, one: Named) -> tuple[object, ...]:
        pk, key = one
        of, spec = self.runs[pk]
        date = of.logical_date or of.run_after
        place = list(spec.tasks).index(key.task_id)
        weight = spec.tasks[key.task_id].total_weight
        return (-weight, date, of.run_after, pk, place, key.map_index)

    def may_go(self, one: Named) -> bool:
        pk, key = one
        spec = self.runs[pk][1]
        asked = spec.tasks[key.task_id]
        if self.parallelism and len(self.held) >= self.parallelism:
            return False
        if asked.pool not in self.pools:
            return False
        slots, with_deferred = self.pools[asked.pool]
        holders = self.held | self.deferred if with_deferred else self.held
        used = sum(
            of.pool_slots
            for other, name in holders
            if (of := self.runs[other][1].tasks[name.task_id]).pool == asked.pool
        )
        if slots >= 0 and used + asked.pool_slots > slots:
            return False
        if sum(other == pk for other, _ in self.held) >= spec.max_active_tasks:
            return False
        everybody = self.held | self.deferred | self.awaiting
        alike = [other for other, name in everybody if name.task_id == key.task_id]
        in_dag, in_run = asked.max_active_tis_per_dag, asked.max_active_tis_per_dagrun
        if in_dag is not None and len(alike) >= in_dag:
            return False
        return in_run is None or alike.count(pk) < in_run


def random_spec(rng: Random) -> DagSpec:
    return dag(
        *(
            task(
                f"t{at}",
                mapped=Literal(6),
                pool=rng.choice(("a", "a", "b", "c")),
                pool_slots=rng.choice((1, 1, 1, 2, 3)),
                total_weight=rng.choice((1, 1, 5)),
                max_active_tis_per_dag=rng.choice((None, None, None, 1, 2)),
                max_active_tis_per_dagrun=rng.choice((None, None, None, 1, 2)),
            )
            for at in range(rng.randint(1, 4))
        ),
        max_active_tasks=rng.choice((1, 2, 4, 16)),
    )


@pytest.mark.parametrize("seed", range(150))
def test_the_best_that_no_limit_stops_goes_first(seed: int) -> None:
    rng = Random(seed)
    plain = Plain(parallelism=rng.choice((0, 1, 3, 8)))
    gate = Admission(plain.parallelism)
    spec = random_spec(rng)
    for pk in range(1, rng.randint(2, 5)):
        plain.runs[pk] = (run(pk), spec)
        gate.add_run(*plain.runs[pk])
    for _ in range(120):
        happen(rng, plain, gate)
        for one in sorted(plain.waiting):
            assert gate.why_held(*one).sentence
        assert gate.admit() == plain.admit()
        assert gate.waiting == len(plain.waiting)
        assert gate.active == len(plain.held)


def happen(rng: Random, plain: Plain, gate: Admission) -> None:
    """Something is offered, taken back, released, resized or read again."""
    pk = rng.choice(list(plain.runs))
    of, spec = plain.runs[pk]
    kind = rng.random()
    if kind < 0.45:
        key = TaskKey(rng.choice(list(spec.tasks)), rng.randrange(6))
        keys = [TaskKey(key.task_id, at) for at in range(key.map_index, rng.randint(6, 8))]
        fresh = [one for one in keys if (pk, one) not in plain.held | plain.waiting]
        if fresh == keys:
            plain.waiting |= {(pk, one) for one in keys}
            plain.deferred -= {(pk, one) for one in keys}
            plain.awaiting -= {(pk, one) for one in keys}
            for one in keys[1:]:
                gate.release(pk, one)
            gate.offer(pk, key, len(keys))
    elif kind < 0.75 and plain.held:
        one = rng.choice(sorted(plain.held))
        plain.held.discard(one)
        waits = rng.choice((None, None, None, None, DEFERRED, AWAITING_INPUT))
        gate.release(*one, waits=waits)
        if waits is not None:
            (plain.deferred if waits is DEFERRED else plain.awaiting).add(one)
    elif kind < 0.82 and plain.waiting:
        one = rng.choice(sorted(plain.waiting))
        plain.waiting.discard(one)
        gate.withdraw(*one)
    elif kind < 0.92:
        name = rng.choice(("a", "b", "c"))
        plain.pools[name] = (
            rng.choice((-1, 0, 1, 2, 5)),
            plain.pools.get(name, (0, name == "b"))[1],
        )
        slots, include = plain.pools[name]
        gate.set_pool(name, slots, include_deferred=include)
    else:
        for known in (plain.waiting, plain.held, plain.deferred, plain.awaiting):
            known -= {one for one in known if one[0] == pk}
        gate.drop_run(pk)
        gate.add_run(of, spec)
