"""Task instances and their tries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Self
from uuid import NAMESPACE_OID, uuid5

from pydantic import AfterValidator, Field, field_validator, model_validator

from slipstream.api.payloads.base import Instant, Payload, Uuid, seconds_between
from slipstream.api.payloads.bodies import Body, Moment
from slipstream.api.payloads.dags import DagVersionResponse, display_name, version_payload
from slipstream.api.payloads.filters import TimeBounds
from slipstream.api.payloads.jobs import JobResponse, TriggerResponse
from slipstream.api.shown_values import shown_value
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.json import JsonValue
from slipstream.model.run import TaskInstance
from slipstream.model.states import TaskState
from slipstream.model.version import DagVersion
from slipstream.runtime.masking import redact
from slipstream.store.records import AttemptRecord, DeferralRecord, InstanceInRun


class TaskInstanceResponse(Payload, frozen=True, kw_only=True):
    """One task in one run. A state of null is `none`: nothing was decided yet."""

    id: Uuid
    task_id: str
    dag_id: str
    dag_run_id: str
    map_index: int
    logical_date: Instant | None
    run_after: Instant
    start_date: Instant | None
    end_date: Instant | None
    duration: float | None
    state: TaskState | None
    try_number: int
    max_tries: int
    task_display_name: str
    dag_display_name: str
    hostname: str | None
    unixname: str | None
    pool: str
    pool_slots: int
    queue: str | None
    priority_weight: int | None
    operator: str | None
    operator_name: str | None
    queued_when: Instant | None
    scheduled_when: Instant | None
    pid: int | None
    executor: str | None
    executor_config: str
    note: str | None
    rendered_map_index: str | None
    rendered_fields: Mapping[str, JsonValue] = {}
    trigger: TriggerResponse | None
    triggerer_job: JobResponse | None
    dag_version: DagVersionResponse | None


class TaskInstanceCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of task instances."""

    task_instances: Sequence[TaskInstanceResponse]
    total_entries: int | None = None
    total_entries_limit: int | None = None
    next_cursor: str | None = None
    previous_cursor: str | None = None


class TaskInstanceHistoryResponse(Payload, frozen=True, kw_only=True):
    """One try of a task instance."""

    task_id: str
    dag_id: str
    dag_run_id: str
    map_index: int
    start_date: Instant | None
    end_date: Instant | None
    duration: float | None
    state: TaskState | None
    try_number: int
    max_tries: int
    task_display_name: str
    dag_display_name: str
    hostname: str | None
    unixname: str | None
    pool: str
    pool_slots: int
    queue: str | None
    priority_weight: int | None
    operator: str | None
    operator_name: str | None
    queued_when: Instant | None
    scheduled_when: Instant | None
    pid: int | None
    executor: str | None
    executor_config: str
    dag_version: DagVersionResponse | None


class TaskInstanceHistoryCollectionResponse(Payload, frozen=True, kw_only=True):
    """All tries of a task instance, oldest first."""

    task_instances: Sequence[TaskInstanceHistoryResponse]
    total_entries: int


class NewTaskResponse(Payload, frozen=True, kw_only=True):
    """A task that a run gets because the DAG has it by now."""

    task_id: str
    task_display_name: str


class ClearTaskInstanceCollectionResponse(Payload, frozen=True, kw_only=True):
    """What clearing would change."""

    task_instances: Sequence[TaskInstanceResponse | NewTaskResponse]
    total_entries: int


class TaskDependencyResponse(Payload, frozen=True, kw_only=True):
    """Something that keeps a task instance from running."""

    name: str
    reason: str


class TaskDependencyCollectionResponse(Payload, frozen=True, kw_only=True):
    """All that keeps a task instance from running."""

    dependencies: Sequence[TaskDependencyResponse]


class TaskInstancesBatchBody(TimeBounds, Body):
    """Which task instances, of several DAGs and runs."""

    dag_ids: list[str] | None = None
    dag_run_ids: list[str] | None = None
    task_ids: list[str] | None = None
    state: list[TaskState | None] | None = None
    pool: list[str] | None = None
    queue: list[str] | None = None
    executor: list[str] | None = None
    page_offset: int = Field(default=0, ge=0)
    page_limit: int = Field(default=100, ge=0)
    order_by: str | None = None


class ClearTaskInstancesBody(Body):
    """Which task instances of a DAG to run again."""

    dry_run: bool = True
    start_date: Moment | None = None
    end_date: Moment | None = None
    only_failed: bool = True
    only_running: bool = False
    reset_dag_runs: bool = True
    task_ids: list[str | tuple[str, int]] | None = None
    dag_run_id: str | None = None
    include_upstream: bool = False
    include_downstream: bool = False
    include_future: bool = False
    include_past: bool = False
    run_on_latest_version: bool | None = None
    prevent_running_task: bool = False
    note: str | None = Field(default=None, max_length=1000)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise ValueError("end_date is before start_date")
        if self.dag_run_id is not None and (self.start_date or self.end_date):
            raise ValueError("Give either dag_run_id or start_date and end_date")
        if self.task_ids is not None and not self.task_ids:
            raise ValueError("task_ids names no task; leave it out to clear all of them")
        if (self.include_past or self.include_future) and self.dag_run_id is None:
            raise ValueError("include_past and include_future need a dag_run_id")
        if self.only_running and self.only_failed and "only_failed" in self.model_fields_set:
            raise ValueError("only_failed and only_running cannot both be true")
        return self


def _can_be_marked(state: TaskState) -> TaskState:
    marks = (TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED)
    if state not in marks:
        raise ValueError(f"{state.value!r} is not one of {', '.join(marks)}")
    return state


class PatchTaskInstanceBody(Body):
    """What of a task instance can be changed from outside."""

    new_state: Annotated[TaskState, AfterValidator(_can_be_marked)] | None = None
    note: str | None = Field(default=None, max_length=1000)
    include_upstream: bool = False
    include_downstream: bool = False
    include_future: bool = False
    include_past: bool = False

    @field_validator("new_state", mode="before")
    @classmethod
    def _is_a_state(cls, state: object) -> object:
        if state is None:
            raise ValueError("new_state must not be null: leave it out where it stays as it is")
        return state


def task_instance_payload(
    found: InstanceInRun,
    version: DagVersion,
    rendered_fields: Mapping[str, JsonValue] | None = None,
    deferral: DeferralRecord | None = None,
) -> TaskInstanceResponse:
    """A task instance of a run of that version as its payload."""
    instance, run = found.instance, found.run
    task = task_of(version.spec, instance.task_id)
    return TaskInstanceResponse(
        id=instance.attempt_id or _stable_id(instance),
        task_id=instance.task_id,
        dag_id=run.dag_id,
        dag_run_id=run.run_id,
        map_index=instance.map_index,
        logical_date=run.logical_date,
        run_after=run.run_after,
        start_date=instance.start_date,
        end_date=instance.end_date,
        duration=seconds_between(instance.start_date, instance.end_date),
        state=state_or_null(instance.state),
        try_number=instance.try_number,
        max_tries=instance.max_tries,
        task_display_name=task_display_name(task),
        dag_display_name=display_name(version.spec),
        hostname=instance.hostname or None,
        unixname=None,
        pool=task.pool,
        pool_slots=task.pool_slots,
        queue=task.queue,
        priority_weight=task.total_weight,
        operator=task.class_name,
        operator_name=task.operator_name,
        queued_when=instance.queued_at,
        scheduled_when=instance.scheduled_at,
        pid=instance.pid,
        executor=task.executor,
        executor_config=_as_text(task.details.get("executor_config")),
        note=instance.note,
        rendered_map_index=_name_in_map(instance),
        rendered_fields=rendered_fields or {},
        trigger=None if deferral is None else _trigger_payload(deferral),
        triggerer_job=None,
        dag_version=version_payload(version),
    )


def _as_text(config: JsonValue) -> str:
    return json.dumps(config) if config else "{}"


def try_payload(
    attempt: AttemptRecord, found: InstanceInRun, version: DagVersion
) -> TaskInstanceHistoryResponse:
    """One try of that task instance as its payload."""
    instance, run = found.instance, found.run
    task = task_of(version.spec, instance.task_id)
    is_latest = attempt.attempt_id == instance.attempt_id
    return TaskInstanceHistoryResponse(
        task_id=attempt.task_id,
        dag_id=run.dag_id,
        dag_run_id=run.run_id,
        map_index=attempt.map_index,
        start_date=attempt.start_date,
        end_date=attempt.end_date,
        duration=seconds_between(attempt.start_date, attempt.end_date),
        state=state_or_null(instance.state if is_latest else attempt.state),
        try_number=attempt.try_number,
        max_tries=instance.max_tries,
        task_display_name=task_display_name(task),
        dag_display_name=display_name(version.spec),
        hostname=attempt.hostname or None,
        unixname=None,
        pool=task.pool,
        pool_slots=task.pool_slots,
        queue=task.queue,
        priority_weight=task.total_weight,
        operator=task.class_name,
        operator_name=task.operator_name,
        queued_when=attempt.queued_at,
        scheduled_when=instance.scheduled_at if is_latest else None,
        pid=attempt.pid,
        executor=task.executor,
        executor_config=json.dumps(task.details.get("executor_config") or {}),
        dag_version=version_payload(version),
    )


def _trigger_payload(record: DeferralRecord) -> TriggerResponse:
    """What a task waits on. Of the arguments, those below the names of secrets are masked."""
    waits = record.deferral
    return TriggerResponse(
        id=record.number,
        classpath=waits.classpath,
        kwargs=json.dumps(redact(shown_value(waits.kwargs)), ensure_ascii=False),
        created_date=waits.created_at,
        queue=waits.queue,
        triggerer_id=None,
    )


def state_or_null(state: TaskState) -> TaskState | None:
    """The state as Airflow's clients know it: `NONE` is null."""
    return None if state is TaskState.NONE else state


def task_of(spec: DagSpec, task_id: str) -> TaskSpec:
    """The task; one that this version no longer has keeps its name and has nothing else."""
    return spec.tasks.get(task_id) or TaskSpec(task_id=task_id)


def task_display_name(task: TaskSpec) -> str:
    """What people call the task."""
    return task.display_name


def _stable_id(instance: TaskInstance) -> str:
    """The same name for an instance that was never attempted, each time one asks."""
    return str(uuid5(NAMESPACE_OID, f"{instance.run_pk}/{instance.task_id}/{instance.map_index}"))


def _name_in_map(instance: TaskInstance) -> str | None:
    """What its `map_index_template` gives; without one, the index."""
    if instance.rendered_map_index is None and instance.map_index >= 0:
        return str(instance.map_index)
    return instance.rendered_map_index
