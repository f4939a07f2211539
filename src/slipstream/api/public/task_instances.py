"""Task instances: list and look at, with their tries and what they wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final

from fastapi import Query as QueryParameter
from msgspec.structs import replace as replace_fields

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.cursors import CursorPaging, places_of
from slipstream.api.payloads.filters import (
    RUN_ORDER,
    Paging,
    TimeBounds,
    UpdatedAtBounds,
    is_any,
    like,
    one_or_all,
    task_states,
    window_of,
)
from slipstream.api.payloads.task_instances import (
    TaskInstanceCollectionResponse,
    TaskInstanceResponse,
    TaskInstancesBatchBody,
    task_instance_payload,
)
from slipstream.core.plan import mapped_groups
from slipstream.model.dag import DagSpec
from slipstream.model.errors import NotFoundError
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import TaskKey
from slipstream.model.states import TaskState
from slipstream.runtime.masking import redact
from slipstream.store.records import DeferralRecord, InstanceFilter, InstanceInRun, Window

routes = Routes("Task Instance")

INSTANCES: Final = "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances"
INSTANCE: Final = INSTANCES + "/{task_id}"
MAPPED: Final = INSTANCE + "/{map_index}"
READ: Final = reading(Resource.TASK_INSTANCE)
_ORDER: Final = {
    **RUN_ORDER,
    "task_id": "task_id",
    "map_index": "map_index",
    "try_number": "try_number",
    "queued_when": "queued_at",
    "scheduled_when": "scheduled_at",
    "rendered_map_index": "rendered_map_index",
    "hostname": "hostname",
    "pid": "pid",
    "operator": "operator",
}


class MappedInstanceQuery(Paging, TimeBounds, UpdatedAtBounds):
    """Which instances of a mapped task."""

    state: list[str] | None = None
    pool: list[str] | None = None
    pool_name_pattern: str | None = None
    pool_name_prefix_pattern: str | None = None
    queue: list[str] | None = None
    queue_name_pattern: str | None = None
    queue_name_prefix_pattern: str | None = None
    version_number: list[int] | None = None
    try_number: list[int] | None = None
    map_index: list[int] | None = None
    rendered_map_index_pattern: str | None = None
    rendered_map_index_prefix_pattern: str | None = None
    executor: list[str] | None = None
    operator: list[str] | None = None
    operator_name_pattern: str | None = None
    operator_name_prefix_pattern: str | None = None

    def filter(self, dag_id: str, run_id: str, task_ids: Sequence[str] | None) -> InstanceFilter:
        """The selection as the store takes it."""
        return InstanceFilter(
            dag_ids=one_or_all(dag_id),
            run_ids=one_or_all(run_id),
            task_ids=task_ids,
            map_indexes=self.map_index,
            states=task_states(self.state),
            pools=self.pool,
            pool_pattern=like(self.pool_name_pattern, self.pool_name_prefix_pattern),
            queues=self.queue,
            queue_pattern=like(self.queue_name_pattern, self.queue_name_prefix_pattern),
            version_numbers=self.version_number,
            try_numbers=self.try_number,
            rendered_map_index_pattern=like(
                self.rendered_map_index_pattern, self.rendered_map_index_prefix_pattern
            ),
            executors=self.executor,
            operators=self.operator,
            operator_pattern=like(self.operator_name_pattern, self.operator_name_prefix_pattern),
            updated_at=self.updated_at(),
            **self.times(),
        )


class InstanceQuery(CursorPaging, MappedInstanceQuery):
    """Which task instances."""

    task_id: str | None = None
    task_group_id: str | None = None
    dag_id_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    run_id_pattern: str | None = None
    run_id_prefix_pattern: str | None = None
    task_display_name_pattern: str | None = None
    task_display_name_prefix_pattern: str | None = None

    def filter_within(
        self, dag_id: str, run_id: str, of_group: Sequence[str] | None
    ) -> InstanceFilter:
        """The selection as the store takes it; `of_group` are the tasks of the group, if any."""
        wanted = [self.task_id] if self.task_id is not None else None
        if of_group is not None:
            wanted = [task for task in of_group if wanted is None or task in wanted]
        return replace(
            self.filter(dag_id, run_id, wanted),
            dag_id_pattern=like(self.dag_id_pattern, self.dag_id_prefix_pattern),
            run_id_pattern=like(self.run_id_pattern, self.run_id_prefix_pattern),
            task_display_name_pattern=like(
                self.task_display_name_pattern, self.task_display_name_prefix_pattern
            ),
        )


@routes.add("GET", INSTANCES, permission=READ, answer=TaskInstanceCollectionResponse)
def get_task_instances(
    call: Call,
    dag_id: str,
    dag_run_id: str,
    query: Annotated[InstanceQuery, QueryParameter()],
) -> TaskInstanceCollectionResponse:
    """A page of task instances; `~` as DAG id or run id stands for all."""
    group = query.task_group_id
    of_group = None if group is None else _tasks_of_group(call, dag_id, dag_run_id, group)
    window = query.window(call.settings, _ORDER)
    found = page_of(call, query.filter_within(dag_id, dag_run_id, of_group), window)
    if not found.total_entries:
        _require_there(call, dag_id, dag_run_id)
    return found


@routes.add(
    "POST",
    INSTANCES + "/list",
    permission=READ,
    answer=TaskInstanceCollectionResponse,
    slow=False,
)
def get_task_instances_batch(
    call: Call, dag_id: str, dag_run_id: str, body: TaskInstancesBatchBody
) -> TaskInstanceCollectionResponse:
    """A page of the task instances of several DAGs and runs. The ids in the path can be `~`."""
    states = None if body.state is None else [state or TaskState.NONE for state in body.state]
    which = InstanceFilter(
        dag_ids=body.dag_ids or one_or_all(dag_id),
        run_ids=body.dag_run_ids or one_or_all(dag_run_id),
        task_ids=body.task_ids,
        states=states,
        pools=body.pool,
        queues=body.queue,
        executors=body.executor,
        **body.times(),
    )
    order = [body.order_by] if body.order_by else []
    window = window_of(body.page_limit, body.page_offset, order, call.settings, _ORDER)
    return page_of(call, which, window)


@routes.add("GET", INSTANCE, permission=READ, answer=TaskInstanceResponse)
def get_task_instance(
    call: Call, dag_id: str, dag_run_id: str, task_id: str
) -> TaskInstanceResponse:
    """One task instance that is not mapped."""
    return _one(call, dag_id, dag_run_id, TaskKey(task_id))


@routes.add(
    "GET",
    INSTANCE + "/listMapped",
    permission=READ,
    answer=TaskInstanceCollectionResponse,
)
def get_mapped_task_instances(
    call: Call,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    query: Annotated[MappedInstanceQuery, QueryParameter()],
) -> TaskInstanceCollectionResponse:
    """A page of the instances of a mapped task, by default in map index order."""
    window = query.window(call.settings, _ORDER)
    if not window.order_by:
        window = Window(limit=window.limit, offset=window.offset, order_by=("map_index",))
    run = call.store.get_run(dag_id, dag_run_id)
    spec = call.store.get_version(run.version_id).spec
    task = spec.tasks.get(task_id)
    if task is None:
        raise NotFoundError(f"The DAG {dag_id!r} has no task {task_id!r}.")
    if task.mapped is None and not mapped_groups(spec, task):
        raise NotFoundError(f"The task {task_id!r} of the DAG {dag_id!r} is not mapped.")
    return page_of(call, query.filter(dag_id, dag_run_id, [task_id]), window)


@routes.add("GET", MAPPED, permission=READ, answer=TaskInstanceResponse)
def get_mapped_task_instance(
    call: Call, dag_id: str, dag_run_id: str, task_id: str, map_index: int
) -> TaskInstanceResponse:
    """One instance of a mapped task."""
    return _one(call, dag_id, dag_run_id, TaskKey(task_id, map_index))


def collection_of(
    call: Call, found: Sequence[InstanceInRun], total: int | None = None
) -> TaskInstanceCollectionResponse:
    """Task instances as a payload; `total` where there are more."""
    version = call.store.get_version
    waits = _deferrals_of(call, found)
    return TaskInstanceCollectionResponse(
        task_instances=[
            task_instance_payload(
                entry,
                version(entry.run.version_id),
                deferral=waits.get((entry.run.pk, entry.instance.key)),
            )
            for entry in found
        ],
        total_entries=len(found) if total is None else total,
    )


def page_of(call: Call, which: InstanceFilter, window: Window) -> TaskInstanceCollectionResponse:
    """A page of the store's as a payload."""
    page = call.store.list_instances(which, window)
    found = collection_of(call, page.items, page.total)
    return found if window.cursor is None else replace_fields(found, **places_of(page, window))


def _one(call: Call, dag_id: str, run_id: str, key: TaskKey) -> TaskInstanceResponse:
    found = instance_of(call, dag_id, run_id, key)
    fields = redact(dict(call.store.get_rendered_fields(found.run.pk, key)))
    version = call.store.get_version(found.run.version_id)
    deferral = _deferrals_of(call, [found]).get((found.run.pk, key))
    return task_instance_payload(found, version, fields, deferral)


def _deferrals_of(
    call: Call, found: Sequence[InstanceInRun]
) -> Mapping[tuple[int, TaskKey], DeferralRecord]:
    """What those of the instances wait on that are deferred."""
    waiting = [entry for entry in found if entry.instance.state is TaskState.DEFERRED]
    return call.store.deferrals_of(waiting) if waiting else {}


def instance_of(call: Call, dag_id: str, run_id: str, key: TaskKey) -> InstanceInRun:
    try:
        return call.store.get_instance(dag_id, run_id, key)
    except NotFoundError:
        if key.map_index == UNMAPPED:
            _explain_mapped(call, dag_id, run_id, key.task_id)
        raise


def _explain_mapped(call: Call, dag_id: str, run_id: str, task_id: str) -> None:
    which = InstanceFilter(dag_ids=[dag_id], run_ids=[run_id], task_ids=[task_id])
    if call.store.list_instances(which, Window(limit=1)).total:
        raise NotFoundError(
            f"Task instance of {task_id!r} is mapped, add the map_index value to the URL."
        )


def _tasks_of_group(call: Call, dag_id: str, run_id: str, group_id: str) -> list[str]:
    if is_any(dag_id) or is_any(run_id):
        raise NotFoundError(
            "A task group belongs to a DAG: name the DAG and the run in the path to list its tasks."
        )
    spec = call.store.get_version(call.store.get_run(dag_id, run_id).version_id).spec
    return tasks_of_group(spec, group_id)


def tasks_of_group(spec: DagSpec, group_id: str) -> list[str]:
    """The tasks of a group, also those of groups inside. Raises `NotFoundError`."""
    if group_id not in spec.groups:
        raise NotFoundError(f"The DAG {spec.dag_id!r} has no task group {group_id!r}.")
    inside = {group_id}
    while True:
        more = {group.group_id for group in spec.groups.values() if group.parent_id in inside}
        if more <= inside:
            return [task.task_id for task in spec.tasks.values() if task.group_id in inside]
        inside |= more


def _require_there(call: Call, dag_id: str, run_id: str) -> None:
    """Nothing was found: say so only if the DAG and the run that were named are there."""
    if not is_any(dag_id):
        if is_any(run_id):
            call.store.get_dag(dag_id)
        else:
            call.store.get_run(dag_id, run_id)
