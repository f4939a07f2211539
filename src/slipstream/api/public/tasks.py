"""Tasks of DAGs."""

from __future__ import annotations

from typing import Final

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.tasks import TaskCollectionResponse, TaskResponse, task_payload
from slipstream.model.errors import InvalidInputError, NotFoundError

routes = Routes("Task")

_ORDER: Final = frozenset(TaskResponse.__struct_fields__)


@routes.add(
    "GET",
    "/dags/{dag_id}/tasks",
    permission=reading(Resource.TASK),
    answer=TaskCollectionResponse,
)
def get_tasks(call: Call, dag_id: str, order_by: str = "task_id") -> TaskCollectionResponse:
    """All tasks of the DAG's latest version."""
    name = order_by.removeprefix("-")
    if name not in _ORDER:
        raise InvalidInputError(
            f"Ordering with {name!r} is not possible: order by one of {', '.join(sorted(_ORDER))}."
        )
    spec = call.store.get_dag(dag_id).latest.spec
    tasks = sorted(
        (task_payload(task, spec) for task in spec.tasks.values()),
        key=lambda task: str(getattr(task, name) or ""),
        reverse=order_by.startswith("-"),
    )
    return TaskCollectionResponse(tasks=tasks, total_entries=len(tasks))


@routes.add(
    "GET",
    "/dags/{dag_id}/tasks/{task_id}",
    permission=reading(Resource.TASK),
    answer=TaskResponse,
)
def get_task(call: Call, dag_id: str, task_id: str) -> TaskResponse:
    """One task of the DAG's latest version."""
    spec = call.store.get_dag(dag_id).latest.spec
    task = spec.tasks.get(task_id)
    if task is None:
        raise NotFoundError(f"Task with id {task_id!r} was not found in the DAG {dag_id!r}.")
    return task_payload(task, spec)
