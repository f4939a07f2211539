"""What stands before, after and around the tasks of a DAG."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set

from slipstream.model.dag import DagSpec


def reachable(
    dag: DagSpec, start: Iterable[str], *, downstream: bool, depth: int | None = None
) -> set[str]:
    """Every task below (or above) these, at most `depth` edges away if that is given.

    These themselves are not counted unless met again.
    """
    seen: set[str] = set()
    edge = list(start)
    while edge and (depth is None or depth > 0):
        further = []
        for task_id in edge:
            task = dag.tasks[task_id]
            for beyond in task.downstream if downstream else task.upstream:
                if beyond not in seen:
                    seen.add(beyond)
                    further.append(beyond)
        edge = further
        depth = None if depth is None else depth - 1
    return seen


def setups_around(dag: DagSpec) -> Mapping[str, tuple[str, ...]]:
    """`{task_id: the setups that it works under}`, of the tasks that work under any.

    A task works under a setup above it that has no teardown, or one of whose teardowns is below
    the task. Teardowns themselves work under none.
    """
    found: dict[str, tuple[str, ...]] = {}
    for setup in (task_id for task_id, task in dag.tasks.items() if task.is_setup):
        under = reachable(dag, [setup], downstream=True)
        if ends := teardowns_of(dag, setup):
            under &= reachable(dag, ends, downstream=False)
        for task_id in under:
            if not dag.tasks[task_id].is_teardown:
                found[task_id] = (*found.get(task_id, ()), setup)
    return found


def scope_setups(dag: DagSpec) -> Mapping[str, tuple[str, ...]]:
    """`{task_id: setups that it works under without being directly downstream of them}`."""
    around = setups_around(dag)
    return {
        task_id: tuple(one for one in around.get(task_id, ()) if one not in task.upstream)
        for task_id, task in dag.tasks.items()
    }


def teardowns_of(dag: DagSpec, setup: str) -> list[str]:
    """The teardowns right below a setup."""
    return [below for below in dag.tasks[setup].downstream if dag.tasks[below].is_teardown]


def to_clear(
    dag: DagSpec,
    named: Collection[str],
    *,
    upstream: bool,
    downstream: bool,
    depth: int | None = None,
) -> Set[str]:
    """The tasks that run again when these do: with what is above and below them, if asked for.

    `depth` limits how many edges away those are.

    Setup, work and teardown stay together: a task runs again with the setups that it works under
    and their teardowns, and a setup with its teardowns. As in Airflow, a teardown may run again
    alone, and a setup without those that it works under.
    """
    chosen = set(named)
    around = setups_around(dag)
    if downstream:
        chosen |= reachable(dag, named, downstream=True, depth=depth)
    needed = {
        setup
        for task_id in chosen
        if not dag.tasks[task_id].is_setup
        for setup in around.get(task_id, ())
    }
    if upstream:
        above = reachable(dag, named, downstream=False, depth=depth)
        chosen |= above
        needed |= above
    setups = {one for one in needed | set(named) if dag.tasks[one].is_setup}
    chosen |= needed
    return chosen.union(*(teardowns_of(dag, setup) for setup in setups))
