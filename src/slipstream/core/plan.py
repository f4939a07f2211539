"""A DAG prepared for its runs: positions, edges and everything else that no run changes.

Tasks have positions in an order in which every task comes after all that it depends on. An edge
knows how deep the mapped groups are that both its ends are in: below that depth it joins every
instance with every instance, above it equal indexes only.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from weakref import WeakValueDictionary

from slipstream.core.lengths import references
from slipstream.core.relatives import scope_setups
from slipstream.core.trigger_rules import (
    EXPECTED,
    JUDGES,
    SCOPE_EXPECTED,
    SETUP_EXPECTED,
    TALLY_SIZE,
    Judge,
)
from slipstream.model.dag import DagSpec, Length, TaskSpec
from slipstream.model.errors import InvalidInputError
from slipstream.model.run import TaskKey
from slipstream.model.states import TriggerRule


@dataclass(frozen=True, slots=True)
class Edge:
    """That the task at `target` counts the ends of the task at `source`."""

    source: int
    target: int
    depth: int
    """Mapped groups around both ends: how many, from the outside in, they share."""
    is_scope: bool
    """True for a setup that `target` works under without being directly downstream of it."""
    from_setup: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One task of the plan."""

    position: int
    spec: TaskSpec
    task_id: str
    key: TaskKey
    """The key of its instance while it has no map index."""
    judge: Judge
    is_unconditional: bool
    """It runs whatever happens upstream."""
    incoming: tuple[Edge, ...]
    outgoing: tuple[Edge, ...]
    has_scope: bool
    is_ruled: bool
    """Nothing but the trigger rule decides about it."""
    first_tally: tuple[int, ...]
    """What it counts as long as every upstream is one instance and none has ended."""
    group_ids: tuple[str, ...]
    """The mapped groups around the task, from the outside in."""
    lengths: tuple[Length, ...]
    """The lengths of these groups, then the task's own where it is mapped."""
    joint: int
    """The deepest `depth` among the incoming edges: below it all instances wait for the same."""
    needs: tuple[int, ...]
    """Tasks whose values the lengths are computed from."""
    feeds: tuple[int, ...]
    """Tasks whose lengths need this task's values."""
    sized_keys: frozenset[str]
    """XCom keys of this task that lengths are computed from."""
    reads: tuple[int, ...]
    """Tasks that may be maps, of those that this one reads from; itself too."""
    is_mapped: bool
    is_leaf: bool
    """Its end decides the run's end state."""
    waits_for_past: bool
    skips_after_past: bool
    """Whether it waits for the previous run before it is skipped, too."""
    descendants: tuple[int, ...] = ()
    """Direct downstream tasks, by position."""


class Plan:
    """All nodes of one DAG, in the order in which they are decided."""

    __slots__ = ("__weakref__", "dag", "nodes", "position_of")

    def __init__(self, dag: DagSpec) -> None:
        self.dag = dag
        self.nodes = _nodes(dag)
        self.position_of: Mapping[str, int] = {node.task_id: node.position for node in self.nodes}

    def downstream_of(self, position: int) -> list[int]:
        """Every task below that one, directly or not, in order."""
        seen: set[int] = set()
        stack = list(self.nodes[position].descendants)
        while stack:
            here = stack.pop()
            if here not in seen:
                seen.add(here)
                stack.extend(self.nodes[here].descendants)
        return sorted(seen)


class _UsedLately:
    """Keeps plans until the next run of their DAGs, up to a number of nodes in all."""

    def __init__(self, most_nodes: int) -> None:
        self._most_nodes = most_nodes
        self._nodes = 0
        self._plans: dict[int, Plan] = {}
        """The one used longest ago first."""
        self._lock = Lock()

    def keep(self, key: int, plan: Plan) -> None:
        with self._lock:
            if self._plans.pop(key, None) is None:
                self._nodes += len(plan.nodes)
            self._plans[key] = plan
            while self._nodes > self._most_nodes:
                oldest = next(iter(self._plans))
                self._nodes -= len(self._plans.pop(oldest).nodes)


_plans: WeakValueDictionary[int, Plan] = WeakValueDictionary()
_used_lately = _UsedLately(most_nodes=10_000)


def plan_for(dag: DagSpec) -> Plan:
    """The plan of this DAG; shared by all machines that hold one, and kept for the next ones.

    Making one costs as much as all else that a short run is made of.
    """
    plan = _plans.get(id(dag))
    if plan is None:
        plan = _plans[id(dag)] = Plan(dag)
    _used_lately.keep(id(dag), plan)
    return plan


def mapped_groups(dag: DagSpec, task: TaskSpec) -> tuple[str, ...]:
    """The mapped groups around a task, from the outside in."""
    found: list[str] = []
    group_id = task.group_id
    while group_id is not None:
        group = dag.groups[group_id]
        if group.mapped is not None:
            found.append(group_id)
        group_id = group.parent_id
    return tuple(reversed(found))


def _nodes(dag: DagSpec) -> tuple[Node, ...]:
    groups = {task_id: mapped_groups(dag, task) for task_id, task in dag.tasks.items()}
    lengths = {task_id: _lengths(dag, task, groups[task_id]) for task_id, task in dag.tasks.items()}
    needs = {
        task_id: {upstream.task_id for length in of for upstream in references(length)}
        for task_id, of in lengths.items()
    }
    scopes = scope_setups(dag)
    order = _order(dag, needs, scopes)
    position = {task_id: at for at, task_id in enumerate(order)}
    edges = _edges(dag, order, position, groups, scopes)
    incoming: dict[int, list[Edge]] = {at: [] for at in range(len(order))}
    outgoing: dict[int, list[Edge]] = {at: [] for at in range(len(order))}
    for edge in edges:
        outgoing[edge.source].append(edge)
        incoming[edge.target].append(edge)
    feeds: dict[str, set[int]] = {task_id: set() for task_id in order}
    keys: dict[str, set[str]] = {task_id: set() for task_id in order}
    for task_id, of in lengths.items():
        for upstream in (needed for length in of for needed in references(length)):
            feeds[upstream.task_id].add(position[task_id])
            keys[upstream.task_id].add(upstream.key)
    leaves = leaf_ids(dag)
    nodes = []
    for at, task_id in enumerate(order):
        task = dag.tasks[task_id]
        above = incoming[at]
        needed = tuple(sorted(position[of] for of in needs[task_id]))
        reads = {at, *needed, *(edge.source for edge in above)}
        is_unconditional = not task.upstream or task.trigger_rule is TriggerRule.ALWAYS
        has_scope = any(edge.is_scope for edge in above)
        nodes.append(
            Node(
                position=at,
                spec=task,
                task_id=task_id,
                key=TaskKey(task_id),
                judge=JUDGES[task.trigger_rule],
                is_unconditional=is_unconditional,
                incoming=tuple(above),
                outgoing=tuple(outgoing[at]),
                has_scope=has_scope,
                is_ruled=not (is_unconditional or has_scope or lengths[task_id]),
                first_tally=_first_tally(above),
                group_ids=groups[task_id],
                lengths=lengths[task_id],
                joint=max((edge.depth for edge in above), default=0),
                needs=needed,
                feeds=tuple(sorted(feeds[task_id])),
                sized_keys=frozenset(keys[task_id]),
                reads=tuple(sorted(of for of in reads if lengths[order[of]])),
                is_mapped=bool(lengths[task_id]),
                is_leaf=task_id in leaves,
                waits_for_past=_waits_for_past(task),
                skips_after_past=(
                    _waits_for_past(task) and task.wait_for_past_depends_before_skipping
                ),
                descendants=tuple(sorted(position[below] for below in task.downstream)),
            )
        )
    return tuple(nodes)


def _waits_for_past(task: TaskSpec) -> bool:
    return task.depends_on_past or task.wait_for_downstream


def _first_tally(incoming: Iterable[Edge]) -> tuple[int, ...]:
    tally = [0] * TALLY_SIZE
    for edge in incoming:
        tally[SCOPE_EXPECTED if edge.is_scope else EXPECTED] += 1
        tally[SETUP_EXPECTED] += edge.from_setup and not edge.is_scope
    return tuple(tally)


def _lengths(dag: DagSpec, task: TaskSpec, group_ids: tuple[str, ...]) -> tuple[Length, ...]:
    around = [dag.groups[group_id].mapped for group_id in group_ids]
    return tuple(length for length in (*around, task.mapped) if length is not None)


def _edges(
    dag: DagSpec,
    order: list[str],
    position: Mapping[str, int],
    groups: Mapping[str, tuple[str, ...]],
    scopes: Mapping[str, tuple[str, ...]],
) -> Iterable[Edge]:
    for task_id in order:
        for above, is_scope in (
            *((above, False) for above in dag.tasks[task_id].upstream),
            *((above, True) for above in scopes[task_id]),
        ):
            yield Edge(
                source=position[above],
                target=position[task_id],
                depth=_shared(groups[above], groups[task_id]),
                is_scope=is_scope,
                from_setup=dag.tasks[above].is_setup,
            )


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    depth = 0
    for mine, yours in zip(one, other, strict=False):
        if mine != yours:
            break
        depth += 1
    return depth


def leaf_ids(dag: DagSpec) -> frozenset[str]:
    """The tasks whose ends decide the run: those with nothing below them that counts.

    A teardown does not count, unless it says `on_failure_fail_dagrun`. In a DAG of nothing but
    teardowns the last ones count after all.
    """

    def counts(task: TaskSpec) -> bool:
        return not task.is_teardown or task.on_failure_fail_dagrun

    leaves = frozenset(
        task_id
        for task_id, task in dag.tasks.items()
        if counts(task) and not any(counts(dag.tasks[below]) for below in task.downstream)
    )
    return leaves or frozenset(
        task_id for task_id, task in dag.tasks.items() if not task.downstream
    )


def _order(
    dag: DagSpec, needs: Mapping[str, set[str]], scopes: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Task ids, each after all that it depends on, otherwise as the DAG lists them."""
    rank = {task_id: at for at, task_id in enumerate(dag.tasks)}
    above = {
        task_id: {*task.upstream, *needs[task_id], *scopes[task_id]}
        for task_id, task in dag.tasks.items()
    }
    below: dict[str, list[str]] = {task_id: [] for task_id in rank}
    missing = {task_id: len(of) for task_id, of in above.items()}
    for task_id, of in above.items():
        for needed in of:
            if needed not in rank:
                raise InvalidInputError(
                    f"task {task_id!r} of DAG {dag.dag_id!r} depends on {needed!r}, which is no"
                    " task of that DAG; name one that is, or drop the dependency"
                )
            below[needed].append(task_id)
    heap = [rank[task_id] for task_id, count in missing.items() if not count]
    heapq.heapify(heap)
    ids = list(dag.tasks)
    order: list[str] = []
    while heap:
        task_id = ids[heapq.heappop(heap)]
        order.append(task_id)
        for other in below[task_id]:
            missing[other] -= 1
            if not missing[other]:
                heapq.heappush(heap, rank[other])
    if len(order) < len(ids):
        stuck = sorted(set(ids) - set(order))
        raise InvalidInputError(
            f"DAG {dag.dag_id!r} has a cycle through {', '.join(stuck[:5])}; remove one dependency"
        )
    return order
