"""What Airflow keeps of a DAG's shape, as far as the history of its runs needs it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.states import TriggerRule
from slipstream.store.airflow.values import json_value


def spec_of(
    dag_id: str,
    serialized: Mapping[str, Any],
    seen: Mapping[str, str],
    *,
    fileloc: str,
    description: str | None,
) -> DagSpec:
    """The DAG with the tasks that Airflow describes, and those that only its history has.

    `serialized` is `{task_id: fields}`; `seen` is `{task_id: operator}` of the instances.
    """
    downstream = {
        task_id: [one for one in fields.get("downstream_task_ids") or [] if one in serialized]
        for task_id, fields in serialized.items()
    }
    upstream: dict[str, list[str]] = {task_id: [] for task_id in (*serialized, *seen)}
    for task_id, below in downstream.items():
        for one in below:
            upstream[one].append(task_id)
    tasks = {
        task_id: _task(
            task_id,
            serialized.get(task_id, {}),
            seen.get(task_id, ""),
            sorted(upstream[task_id]),
            sorted(downstream.get(task_id, [])),
        )
        for task_id in _ordered(upstream)
    }
    return DagSpec(
        dag_id=dag_id, tasks=tasks, fileloc=fileloc, relative_fileloc="", description=description
    )


def serialized_tasks(data: object, compressed: object) -> dict[str, Mapping[str, Any]]:
    """`{task_id: fields}` of a serialized DAG; nothing of one whose form is not known."""
    if data is None and compressed is not None:
        data = zlib.decompress(bytes(compressed))  # type: ignore[call-overload]  # a binary column
    try:
        content = json_value(data)
    except (ValueError, json.JSONDecodeError):
        return {}
    dag = content.get("dag") if isinstance(content, dict) else None
    listed = dag.get("tasks") if isinstance(dag, dict) else None
    found: dict[str, Mapping[str, Any]] = {}
    for one in listed if isinstance(listed, list) else []:
        fields = one.get("__var", one) if isinstance(one, dict) else None
        if isinstance(fields, dict) and isinstance(fields.get("task_id"), str):
            found[fields["task_id"]] = fields
    return found


def _ordered(upstream: Mapping[str, Iterable[str]]) -> list[str]:
    try:
        return list(TopologicalSorter(upstream).static_order())
    except CycleError:
        return sorted(upstream)


def _task(
    task_id: str,
    fields: Mapping[str, Any],
    operator: str,
    upstream: list[str],
    downstream: list[str],
) -> TaskSpec:
    rule = str(fields.get("trigger_rule") or TriggerRule.ALL_SUCCESS)
    return TaskSpec(
        task_id=task_id,
        operator_name=str(
            fields.get("task_type") or fields.get("_task_type") or operator or "BaseOperator"
        ),
        upstream=tuple(upstream),
        downstream=tuple(downstream),
        trigger_rule=TriggerRule(rule) if rule in set(TriggerRule) else TriggerRule.ALL_SUCCESS,
        retries=_whole(fields.get("retries"), 0),
        pool=str(fields.get("pool") or "default_pool"),
        pool_slots=_whole(fields.get("pool_slots"), 1),
        queue=str(fields.get("queue") or "default"),
        owner=str(fields.get("owner") or "airflow"),
    )


def _whole(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default
