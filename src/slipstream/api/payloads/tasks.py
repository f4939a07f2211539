"""Tasks of a DAG, apart from any run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from slipstream.api.payloads.base import Instant, Payload, mapping, text, texts
from slipstream.api.payloads.params import shown_params
from slipstream.api.payloads.task_instances import task_display_name
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.json import JsonValue


class TimeDelta(Payload, frozen=True, kw_only=True):
    """A length of time, in the parts that Python keeps."""

    type_: str = msgspec.field(default="TimeDelta", name="__type")
    days: int
    seconds: int
    microseconds: int


class TaskResponse(Payload, frozen=True, kw_only=True):
    """A task."""

    task_id: str | None
    task_display_name: str | None
    owner: str | None
    start_date: Instant | None
    end_date: Instant | None
    trigger_rule: str | None
    depends_on_past: bool
    wait_for_downstream: bool
    retries: float | None
    queue: str | None
    pool: str | None
    pool_slots: float | None
    execution_timeout: TimeDelta | None
    retry_delay: TimeDelta | None
    retry_exponential_backoff: float
    priority_weight: float | None
    weight_rule: str | None
    ui_color: str | None
    ui_fgcolor: str | None
    template_fields: Sequence[str] | None
    downstream_task_ids: Sequence[str] | None
    doc_md: str | None
    operator_name: str | None
    params: Mapping[str, JsonValue] | None
    class_ref: Mapping[str, JsonValue] | None
    is_mapped: bool | None
    extra_links: Sequence[str]


class TaskCollectionResponse(Payload, frozen=True, kw_only=True):
    """All tasks of a DAG."""

    tasks: Sequence[TaskResponse]
    total_entries: int


def task_payload(task: TaskSpec, dag: DagSpec) -> TaskResponse:
    """A task of that DAG as its payload."""
    details = task.details
    return TaskResponse(
        task_id=task.task_id,
        task_display_name=task_display_name(task),
        owner=task.owner,
        start_date=task.start_date or dag.start_date,
        end_date=task.end_date or dag.end_date,
        trigger_rule=task.trigger_rule,
        depends_on_past=task.depends_on_past,
        wait_for_downstream=task.wait_for_downstream,
        retries=task.retries,
        queue=task.queue,
        pool=task.pool,
        pool_slots=task.pool_slots,
        execution_timeout=_parts(task.execution_timeout),
        retry_delay=_parts(task.retry_delay),
        retry_exponential_backoff=task.retry_exponential_backoff,
        priority_weight=task.priority_weight,
        weight_rule=str(task.weight_rule),
        ui_color=text(details.get("ui_color")),
        ui_fgcolor=text(details.get("ui_fgcolor")),
        template_fields=texts(details.get("template_fields")),
        downstream_task_ids=sorted(task.downstream),
        doc_md=text(details.get("doc_md")),
        operator_name=task.operator_name,
        params=shown_params(
            details.get("params"), source=lambda name: "dag" if name in dag.params else "task"
        ),
        class_ref=mapping(details.get("class_ref")),
        is_mapped=task.mapped is not None,
        extra_links=texts(details.get("extra_links")) or [],
    )


def _parts(length: timedelta | None) -> TimeDelta | None:
    if length is None:
        return None
    return TimeDelta(days=length.days, seconds=length.seconds, microseconds=length.microseconds)
