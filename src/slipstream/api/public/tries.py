"""The tries of task instances, and what they wait for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.task_instances import (
    TaskDependencyCollectionResponse,
    TaskDependencyResponse,
    TaskInstanceHistoryCollectionResponse,
    TaskInstanceHistoryResponse,
    try_payload,
)
from slipstream.api.public.task_instances import INSTANCE, MAPPED, READ, instance_of
from slipstream.model.errors import NotFoundError
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import TaskKey
from slipstream.model.states import TaskState
from slipstream.store.records import AttemptRecord, InstanceInRun, Window

routes = Routes("Task Instance")

_MOST_TRIES: Final = 10_000
_WAITING: Final = frozenset(
    {
        TaskState.NONE,
        TaskState.SCHEDULED,
        TaskState.QUEUED,
        TaskState.UP_FOR_RETRY,
        TaskState.UP_FOR_RESCHEDULE,
        TaskState.DEFERRED,
    }
)


@routes.add(
    "GET", INSTANCE + "/tries", permission=READ, answer=TaskInstanceHistoryCollectionResponse
)
def get_task_instance_tries(
    call: Call, dag_id: str, dag_run_id: str, task_id: str, map_index: int = UNMAPPED
) -> TaskInstanceHistoryCollectionResponse:
    """Every try of a task instance, oldest first."""
    return _tries(call, dag_id, dag_run_id, TaskKey(task_id, map_index))


@routes.add(
    "GET",
    INSTANCE + "/tries/{task_try_number}",
    permission=READ,
    answer=TaskInstanceHistoryResponse,
)
def get_task_instance_try_details(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    task_try_number: int,
    map_index: int = UNMAPPED,
) -> TaskInstanceHistoryResponse:
    """One try of a task instance."""
    return one_try(call, dag_id, dag_run_id, TaskKey(task_id, map_index), task_try_number)


@routes.add(
    "GET",
    INSTANCE + "/dependencies",
    permission=READ,
    answer=TaskDependencyCollectionResponse,
)
def get_task_instance_dependencies(
    call: Call, dag_id: str, dag_run_id: str, task_id: str, map_index: int = UNMAPPED
) -> TaskDependencyCollectionResponse:
    """What keeps a task instance from running."""
    return _waits_for(call, dag_id, dag_run_id, TaskKey(task_id, map_index))


@routes.add("GET", MAPPED + "/tries", permission=READ, answer=TaskInstanceHistoryCollectionResponse)
def get_mapped_task_instance_tries(
    call: Call, dag_id: str, dag_run_id: str, task_id: str, map_index: int
) -> TaskInstanceHistoryCollectionResponse:
    """Every try of an instance of a mapped task, oldest first."""
    return _tries(call, dag_id, dag_run_id, TaskKey(task_id, map_index))


@routes.add(
    "GET",
    MAPPED + "/tries/{task_try_number}",
    permission=READ,
    answer=TaskInstanceHistoryResponse,
)
def get_mapped_task_instance_try_details(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: int,
    task_try_number: int,
) -> TaskInstanceHistoryResponse:
    """One try of an instance of a mapped task."""
    return one_try(call, dag_id, dag_run_id, TaskKey(task_id, map_index), task_try_number)


@routes.add(
    "GET",
    MAPPED + "/dependencies",
    permission=READ,
    answer=TaskDependencyCollectionResponse,
)
def get_task_instance_dependencies_by_map_index(
    call: Call, dag_id: str, dag_run_id: str, task_id: str, map_index: int
) -> TaskDependencyCollectionResponse:
    """What keeps an instance of a mapped task from running."""
    return _waits_for(call, dag_id, dag_run_id, TaskKey(task_id, map_index))


def _tries(
    call: Call, dag_id: str, run_id: str, key: TaskKey
) -> TaskInstanceHistoryCollectionResponse:
    found, attempts = _history(call, dag_id, run_id, key)
    version = call.store.get_version(found.run.version_id)
    return TaskInstanceHistoryCollectionResponse(
        task_instances=[try_payload(attempt, found, version) for attempt in attempts],
        total_entries=len(attempts),
    )


def one_try(
    call: Call, dag_id: str, run_id: str, key: TaskKey, number: int
) -> TaskInstanceHistoryResponse:
    found, attempts = _history(call, dag_id, run_id, key)
    for attempt in reversed(attempts):
        if attempt.try_number == number:
            return try_payload(attempt, found, call.store.get_version(found.run.version_id))
    raise NotFoundError(
        f"There is no try {number} of the task {key.task_id!r} in the run {run_id!r}; "
        f"it was tried {found.instance.try_number} times."
    )


def _history(
    call: Call, dag_id: str, run_id: str, key: TaskKey
) -> tuple[InstanceInRun, Sequence[AttemptRecord]]:
    found = instance_of(call, dag_id, run_id, key)
    page = call.store.list_attempts(dag_id, run_id, key, Window(limit=_MOST_TRIES))
    return found, page.items


def _waits_for(
    call: Call, dag_id: str, run_id: str, key: TaskKey
) -> TaskDependencyCollectionResponse:
    found = instance_of(call, dag_id, run_id, key)
    run, instance = found.run, found.instance
    dependencies = []
    if instance.state in _WAITING:
        if instance.start_date is None and run.start_date is None and run.reason:
            dependencies.append(TaskDependencyResponse(name="Run", reason=run.reason))
        if instance.reason:
            dependencies.append(TaskDependencyResponse(name="Task", reason=instance.reason))
    return TaskDependencyCollectionResponse(dependencies=dependencies)
