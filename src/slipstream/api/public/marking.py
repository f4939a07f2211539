"""Marking task instances as success, failed or skipped, and attaching notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.announcements import announce_instances
from slipstream.api.auth.access import Resource, editing
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.task_instances import (
    PatchTaskInstanceBody,
    TaskInstanceCollectionResponse,
)
from slipstream.api.public.task_instances import INSTANCES, collection_of, tasks_of_group
from slipstream.api.selection import below_tasks, by_run, dates_around, instances_of, pick
from slipstream.api.update_mask import changed_fields
from slipstream.model.dag import DagSpec
from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.states import RunState, TaskState
from slipstream.store.records import InstanceInRun

routes = Routes("Task Instance")

_INSTANCE: Final = INSTANCES + "/{task_id}"
_MAPPED: Final = _INSTANCE + "/{map_index}"
_GROUP: Final = "/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}"
_MAY: Final = editing(Resource.TASK_INSTANCE)
_HELD_UP: Final = frozenset({TaskState.FAILED, TaskState.UPSTREAM_FAILED})

Mask = Annotated[list[str] | None, QueryParameter()]


@routes.add(
    "PATCH",
    _INSTANCE + "/dry_run",
    permission=_MAY,
    answer=TaskInstanceCollectionResponse,
)
def patch_task_instance_dry_run(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    body: PatchTaskInstanceBody,
    map_index: int | None = None,
    update_mask: Mask = None,
) -> TaskInstanceCollectionResponse:
    """The task instances whose state the same order without `dry_run` would change."""
    meant = Meant(dag_id, dag_run_id, task_id, map_index)
    return patch_meant(call, meant, body, update_mask, dry_run=True)


@routes.add(
    "PATCH",
    _MAPPED + "/dry_run",
    permission=_MAY,
    answer=TaskInstanceCollectionResponse,
)
def patch_task_instance_dry_run_by_map_index(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: int,
    body: PatchTaskInstanceBody,
    update_mask: Mask = None,
) -> TaskInstanceCollectionResponse:
    """The same for one instance of a mapped task."""
    meant = Meant(dag_id, dag_run_id, task_id, map_index)
    return patch_meant(call, meant, body, update_mask, dry_run=True)


@routes.add("PATCH", _INSTANCE, permission=_MAY, answer=TaskInstanceCollectionResponse)
def patch_task_instance(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    body: PatchTaskInstanceBody,
    map_index: int | None = None,
    update_mask: Mask = None,
) -> TaskInstanceCollectionResponse:
    """Mark a task's instances, all of them where no map index is given."""
    meant = Meant(dag_id, dag_run_id, task_id, map_index)
    return patch_meant(call, meant, body, update_mask, dry_run=False)


@routes.add("PATCH", _MAPPED, permission=_MAY, answer=TaskInstanceCollectionResponse)
def patch_task_instance_by_map_index(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: int,
    body: PatchTaskInstanceBody,
    update_mask: Mask = None,
) -> TaskInstanceCollectionResponse:
    """Mark one instance of a mapped task."""
    meant = Meant(dag_id, dag_run_id, task_id, map_index)
    return patch_meant(call, meant, body, update_mask, dry_run=False)


@routes.add("PATCH", _GROUP, permission=_MAY, answer=TaskInstanceCollectionResponse)
def patch_task_group_instances(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    group_id: str,
    body: PatchTaskInstanceBody,
    update_mask: Mask = None,
) -> TaskInstanceCollectionResponse:
    """Mark all instances of a task group, also those in groups inside."""
    meant = Meant(dag_id, dag_run_id, group_id, None, is_group=True)
    return patch_meant(call, meant, body, update_mask, dry_run=False)


@routes.add("PATCH", _GROUP + "/dry_run", permission=_MAY, answer=TaskInstanceCollectionResponse)
def patch_task_group_instances_dry_run(
    call: Call, *, dag_id: str, dag_run_id: str, group_id: str, body: PatchTaskInstanceBody
) -> TaskInstanceCollectionResponse:
    """The task instances of the group whose state the same order would change."""
    meant = Meant(dag_id, dag_run_id, group_id, None, is_group=True)
    return patch_meant(call, meant, body, None, dry_run=True)


@dataclass(frozen=True, slots=True)
class Meant:
    """What the path names; without a map index all instances of the task."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int | None
    is_group: bool = False
    """`task_id` is that of a task group."""


def patch_meant(
    call: Call,
    meant: Meant,
    body: PatchTaskInstanceBody,
    update_mask: list[str] | None,
    *,
    dry_run: bool,
) -> TaskInstanceCollectionResponse:
    """Mark, or attach a note to, what is meant."""
    changed = changed_fields(body, update_mask)
    found = _instances(call, meant, body)
    state = body.new_state if "new_state" in changed else None
    if dry_run and state is None:
        raise InvalidInputError("A dry run needs the new_state to try.")
    result = found
    if state is not None:
        differing = [entry for entry in found if entry.instance.state is not state]
        marked = _mark(call, differing, state, dry_run=dry_run)
        result = marked if dry_run else _merged(found, marked)
    if "note" in changed and not dry_run:
        user = call.user.name
        result = [
            call.store.set_instance_note(entry.run.pk, entry.instance.key, body.note, user)
            for entry in result
        ]
    return collection_of(call, result)


def _instances(call: Call, meant: Meant, body: PatchTaskInstanceBody) -> list[InstanceInRun]:
    run = call.store.get_run(meant.dag_id, meant.run_id)
    spec = call.store.get_version(run.version_id).spec
    picks = pick(
        spec,
        _named(spec, meant),
        upstream=body.include_upstream,
        downstream=body.include_downstream,
    )
    if body.include_past or body.include_future:
        dates = dates_around(run, past=body.include_past, future=body.include_future)
        found = instances_of(call.store, meant.dag_id, picks, logical_date=dates)
    else:
        found = instances_of(call.store, meant.dag_id, picks, run_ids=[meant.run_id])
    if not found:
        index = "" if meant.map_index is None else f" with the map index {meant.map_index}"
        raise NotFoundError(
            f"The run {meant.run_id!r} of {meant.dag_id!r} has no instance of the task "
            f"{meant.task_id!r}{index}."
        )
    return found


def _named(spec: DagSpec, meant: Meant) -> list[str | tuple[str, int]]:
    if not meant.is_group:
        return [meant.task_id if meant.map_index is None else (meant.task_id, meant.map_index)]
    inside = tasks_of_group(spec, meant.task_id)
    if not inside:
        raise NotFoundError(f"The task group {meant.task_id!r} of {meant.dag_id!r} has no tasks.")
    return [*inside]


def _mark(
    call: Call, found: list[InstanceInRun], state: TaskState, *, dry_run: bool
) -> list[InstanceInRun]:
    """Mark, and let what failed because of these run again below them."""
    marked: list[InstanceInRun] = []
    for run, keys in by_run(found):
        now = call.store.set_instances_state(run.pk, keys, state, dry_run=dry_run)
        marked += now
        if not dry_run:
            announce_instances(call.deployment.announce, call.store, now)
        if dry_run or state is TaskState.FAILED:
            continue
        spec = call.store.get_version(run.version_id).spec
        below = below_tasks(spec, {key.task_id for key in keys})
        held_up = instances_of(
            call.store,
            run.dag_id,
            below,
            run_ids=[run.run_id],
            which=lambda entry: entry.instance.state in _HELD_UP,
        )
        again = [entry.instance.key for entry in held_up]
        if again:
            call.store.clear_instances(run.pk, again, run_state=RunState.QUEUED)
    return marked


def _merged(found: list[InstanceInRun], marked: list[InstanceInRun]) -> list[InstanceInRun]:
    """What was meant, as it is now."""
    now = {(entry.run.pk, entry.instance.key): entry for entry in marked}
    return [now.get((entry.run.pk, entry.instance.key), entry) for entry in found]
