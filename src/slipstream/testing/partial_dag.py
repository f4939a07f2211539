"""A part of a DAG as a DAG of its own: `dag.partial_subset("load").test()`."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterable

from slipstream.core.relatives import to_clear
from slipstream.sdk._abstract_operator import AbstractOperator
from slipstream.sdk._dag import DAG
from slipstream.sdk._group import TaskGroup
from slipstream.sdk._operator import plain_copy
from slipstream.sdk._spec import build_spec


def subset(
    dag: DAG,
    task_ids: str | re.Pattern[str] | Iterable[str] = (),
    include_downstream: bool = False,
    include_upstream: bool = True,
    include_direct_upstream: bool = False,
    depth: int | None = None,
    *,
    task_ids_or_regex: str | re.Pattern[str] | Iterable[str] | None = None,
) -> DAG:
    """A copy of the DAG that has these tasks, and those around them that are asked for.

    A text stands for all tasks whose id contains it, a pattern for those in whose id it is found;
    under Airflow 2's name of the argument, `task_ids_or_regex`, a text is a pattern, too.
    Setups and teardowns come along with what works under them. `depth` limits how many edges
    away an included task may be. Raises `ValueError` for a negative one.
    """
    if depth is not None and depth < 0:
        raise ValueError(f"depth is {depth}; expected 0 or more, or None for no limit.")
    if isinstance(task_ids_or_regex, str):
        task_ids = re.compile(task_ids_or_regex)
    elif task_ids_or_regex is not None:
        task_ids = task_ids_or_regex
    spec = build_spec(dag)
    kept = set(
        to_clear(
            spec,
            _matching(dag, task_ids),
            upstream=include_upstream,
            downstream=include_downstream,
            depth=depth,
        )
    )
    if include_direct_upstream:
        kept |= {above for task_id in kept for above in spec.tasks[task_id].upstream}
    part = _copied(dag, kept)
    part.partial = len(part.task_dict) < len(dag.task_dict)
    return part


def _matching(dag: DAG, task_ids: str | re.Pattern[str] | Iterable[str]) -> list[str]:
    if isinstance(task_ids, str):
        return [known for known in dag.task_dict if task_ids in known]
    if isinstance(task_ids, re.Pattern):
        return [known for known in dag.task_dict if task_ids.search(known)]
    wanted = set(task_ids)
    return [known for known in dag.task_dict if known in wanted]


def _copied(dag: DAG, kept: Collection[str]) -> DAG:
    twin = copy.copy(dag)
    tasks = {of: _copied_task(task, twin, kept) for of, task in dag.task_dict.items() if of in kept}
    groups: dict[str, TaskGroup] = {}
    root = _copied_group(dag.task_group, None, twin, tasks, groups)
    for group in groups.values():
        group.upstream_task_ids &= tasks.keys()
        group.downstream_task_ids &= tasks.keys()
        group.upstream_group_ids &= {*groups, None}
        group.downstream_group_ids &= {*groups, None}
    edges = {
        above: {below: info for below, info in infos.items() if below in tasks}
        for above, infos in dag.edge_info.items()
        if above in tasks
    }
    twin.take_part(root, tasks, groups, edges)
    return twin


def _copied_task(task: AbstractOperator, twin: DAG, kept: Collection[str]) -> AbstractOperator:
    copied = plain_copy(task)
    copied._dag = twin
    copied.task_group = None
    copied.upstream_task_ids = task.upstream_task_ids & set(kept)
    copied.downstream_task_ids = task.downstream_task_ids & set(kept)
    return copied


def _copied_group(
    group: TaskGroup,
    parent: TaskGroup | None,
    twin: DAG,
    tasks: dict[str, AbstractOperator],
    groups: dict[str, TaskGroup],
) -> TaskGroup:
    """The group with those of its tasks that are kept; groups without any are left out."""
    copied = copy.copy(group)
    copied.dag, copied.task_group, copied.children = twin, parent, {}
    for ids in (
        "upstream_task_ids",
        "downstream_task_ids",
        "upstream_group_ids",
        "downstream_group_ids",
    ):
        setattr(copied, ids, set(getattr(group, ids)))
    for node_id, child in group.children.items():
        if isinstance(child, TaskGroup):
            inner = _copied_group(child, copied, twin, tasks, groups)
            if inner.children:
                copied.children[node_id] = inner
                groups[node_id] = inner
        elif node_id in tasks:
            copied.children[node_id] = tasks[node_id]
            tasks[node_id].task_group = copied
    return copied
