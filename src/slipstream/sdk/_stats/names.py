"""Which metrics there are, and the names that some of them had before tags were used.

A former name is a template over the metric's tags, such as `ti.finish.{dag_id}.{task_id}.{state}`;
`[metrics] legacy_names_on` sends it beside the name of today. The names are Airflow's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter

from slipstream.sdk._types import UserValue

Tags = Mapping[str, UserValue]

_SUFFIXED = {
    "dag_id": "dagrun.dependency-check dagrun.duration.success dagrun.duration.failed "
    "dagrun.schedule_delay task_removed_from_dag task_restored_to_dag",
    "pool_name": "pool.open_slots pool.queued_slots pool.running_slots pool.deferred_slots "
    "pool.scheduled_slots pool.starving_tasks",
    "executor_class_name": "executor.open_slots executor.queued_tasks executor.running_tasks",
    "hostname": "triggers.running triggerer.capacity_left",
    "worker_name": "edge_worker.status edge_worker.connected edge_worker.maintenance "
    "edge_worker.jobs_active edge_worker.concurrency edge_worker.free_concurrency "
    "edge_worker.num_queues edge_worker.heartbeat_count",
    "file_name": "dag_processing.last_run.seconds_ago",
}
"""`{tag: metrics whose former name ends with its value}`."""

FORMER_NAMES: Mapping[str, str] = {
    **{name: f"{name}.{{{tag}}}" for tag, names in _SUFFIXED.items() for name in names.split()},
    **{
        f"ti.{state}": f"ti.{state}.{{queue}}.{{dag_id}}.{{task_id}}"
        for state in ("scheduled", "queued", "running", "deferred")
    },
    **{
        f"task.{length}": f"dag.{{dag_id}}.{{task_id}}.{length}"
        for length in ("duration", "scheduled_duration", "queued_duration")
    },
    "local_task_job.task_exit": "local_task_job.task_exit.{job_id}.{dag_id}.{task_id}."
    "{return_code}",
    "operator_failures": "operator_failures_{operator_name}",
    "operator_successes": "operator_successes_{operator_name}",
    "task_instance_created": "task_instance_created_{task_type}",
    "ti.start": "ti.start.{dag_id}.{task_id}",
    "ti.finish": "ti.finish.{dag_id}.{task_id}.{state}",
    "dag_processing.last_duration": "dag_processing.last_duration.{bundle_name}.{file_name}",
    "dagrun.first_task_scheduling_delay": "dagrun.{dag_id}.first_task_scheduling_delay",
    "ol.event.size": "ol.event.size.{event_type}.{operator_name}",
    "ol.emit.attempts": "ol.emit.attempts.{event_type}.{transport_type}",
    "ol.extract": "ol.extract.{event_type}.{operator_name}",
    "edge_worker.ti.start": "edge_worker.ti.start.{queue}.{dag_id}.{task_id}",
    "edge_worker.ti.finish": "edge_worker.ti.finish.{queue}.{state}.{dag_id}.{task_id}",
}

_UNUSUAL = re.compile(r"[^a-zA-Z0-9_.-]")


def former_name(name: str, tags: Tags | None) -> tuple[str, dict[str, UserValue]] | None:
    """The metric's former name and the tags that are not in it; None where it has none.

    Dots in values become `__`, for dots separate the parts of a name. Raises `ValueError` where a
    tag is missing.
    """
    template = FORMER_NAMES.get(name)
    if template is None:
        return None
    given = dict(tags or {})
    parts = [field for _, field, _, _ in Formatter().parse(template) if field]
    missing = sorted(set(parts) - given.keys())
    if missing:
        raise ValueError(
            f"The metric {name!r} needs the tags {', '.join(parts)}; missing: {', '.join(missing)}."
        )
    values = {part: str(given.pop(part)).replace(".", "__") for part in parts}
    return template.format(**values), given


def normalize_name_for_stats(name: str, log_warning: bool = True) -> str:
    """The name with `_` for every character that is not usual in names of metrics."""
    found = _UNUSUAL.sub("_", name)
    if log_warning and found != name:
        import logging

        logging.getLogger(__name__).warning("The metric's name %r is sent as %r", name, found)
    return found
