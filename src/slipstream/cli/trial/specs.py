"""How a DAG is changed for a trial: nothing waits for a date or a delay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from slipstream.model.dag import DagSpec, TaskSpec, Upstream, on_demand
from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.schedule import NoSchedule


def without_waiting(spec: DagSpec) -> DagSpec:
    """The DAG with retries at once, without dates before or after which nothing runs, and without
    runs but those that are asked for."""
    tasks = {
        task_id: replace(
            task,
            retry_delay=timedelta(0),
            retry_exponential_backoff=0.0,
            max_retry_delay=None,
            start_date=None,
            end_date=None,
            depends_on_past=False,
            wait_for_downstream=False,
        )
        for task_id, task in spec.tasks.items()
    }
    return replace(
        on_demand(spec), tasks=tasks, start_date=None, end_date=None, is_paused_upon_creation=False
    )


def when_triggered(spec: DagSpec) -> DagSpec:
    """Another DAG of the file, which a task may start a run of: it makes none by itself."""
    return replace(without_waiting(spec), schedule=NoSchedule())


def only_task(spec: DagSpec, task_id: str, *, one_by_one: bool = False) -> DagSpec:
    """The DAG with that one task, which waits for nothing and is tried once.

    `one_by_one`: the instances of a mapped one do not run side by side.
    """
    task = spec.tasks.get(task_id)
    if task is None:
        raise NotFoundError(
            f"DAG {spec.dag_id!r} has no task {task_id!r}; it has {', '.join(spec.tasks)}."
        )
    if _depends_on_upstream(task, spec):
        raise InvalidInputError(
            f"Task {task_id!r} is mapped over what other tasks push; try the whole DAG with "
            f"`slipstream dags test {spec.dag_id}`."
        )
    alone = replace(task, upstream=(), downstream=(), retries=0)
    if one_by_one:
        alone = replace(alone, max_active_tis_per_dagrun=1)
    return replace(
        without_waiting(spec),
        tasks={task_id: alone},
        has_success_callback=False,
        has_failure_callback=False,
        has_start_listener=False,
    )


def _depends_on_upstream(task: TaskSpec, spec: DagSpec) -> bool:
    group = spec.groups.get(task.group_id or "")
    while group is not None:
        if isinstance(group.mapped, Upstream):
            return True
        group = spec.groups.get(group.parent_id or "")
    return isinstance(task.mapped, Upstream)
