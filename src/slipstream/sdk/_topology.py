"""The order of a DAG's tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from slipstream.sdk.exceptions import AirflowDagCycleException

if TYPE_CHECKING:
    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._dag import DAG


def in_order(dag: DAG) -> list[AbstractOperator]:
    """The tasks, each after everything it waits for; among equals, in the order they were made.

    Raises `AirflowDagCycleException` naming the tasks of a cycle.
    """
    tasks = dag.task_dict
    made = {task_id: position for position, task_id in enumerate(tasks)}
    ids = list(tasks)
    waiting = {task_id: len(task.upstream_task_ids) for task_id, task in tasks.items()}
    ready = [made[task_id] for task_id, count in waiting.items() if count == 0]
    heapify(ready)
    ordered: list[AbstractOperator] = []
    while ready:
        task = tasks[ids[heappop(ready)]]
        ordered.append(task)
        for below in task.downstream_task_ids:
            waiting[below] -= 1
            if waiting[below] == 0:
                heappush(ready, made[below])
    if len(ordered) < len(tasks):
        left = {task_id for task_id, count in waiting.items() if count > 0}
        cycle = _find_cycle(left, {one: tasks[one].upstream_task_ids for one in left})
        raise AirflowDagCycleException(
            f"The tasks of DAG {dag.dag_id!r} wait for each other in a circle: "
            f"{' >> '.join(cycle)}. Remove one of these edges."
        )
    return ordered


def check_cycle(dag: DAG) -> None:
    """Raise `AirflowDagCycleException` where tasks wait for each other in a circle."""
    in_order(dag)


def _find_cycle(left: Iterable[str], upstream: Mapping[str, set[str]]) -> list[str]:
    """One cycle among tasks that all wait for another of them, from a task back to itself."""
    remaining = set(left)
    task_id = min(remaining)
    path: list[str] = []
    while task_id not in path:
        path.append(task_id)
        task_id = min(upstream[task_id] & remaining)
    cycle = [*path[path.index(task_id) :], task_id]
    return cycle[::-1]
