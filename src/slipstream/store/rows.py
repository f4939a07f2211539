"""Rows to values: which columns make a value, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import RunState, RunType, TaskState, TriggeredBy
from slipstream.store.database import Row
from slipstream.store.records import AttemptRecord, InstanceInRun
from slipstream.store.tables import attempt, dag_run, task_instance
from slipstream.store.times import from_micros

_NOT_READ = ("note_user", "updated_at")
RUN_COLUMNS = tuple(column for column in dag_run.c if column.name not in _NOT_READ)
INSTANCE_COLUMNS = tuple(
    column for column in task_instance.c if column.name not in ("pk", *_NOT_READ)
)
_WIDTH = len(INSTANCE_COLUMNS)
ATTEMPT_COLUMNS = tuple(attempt.c)

_TASK_STATES = {state.value: state for state in TaskState}
_RUN_STATES = {state.value: state for state in RunState}


def to_json(value: JsonValue) -> str:
    """JSON text."""
    return msgspec.json.encode(value).decode()


def from_json_object(text: str) -> dict[str, JsonValue]:
    """The object behind what `to_json` made of one."""
    found: dict[str, JsonValue] = msgspec.json.decode(text)
    return found


def from_json_list(text: str) -> list[str]:
    """The list of texts behind what `to_json` made of one."""
    return msgspec.json.decode(text, type=list[str])


def to_decision(text: str) -> dict[str, list[str]]:
    """What a branch decided, from its XCom; nothing where a task pushed something else there."""
    try:
        return msgspec.json.decode(text, type=dict[str, list[str]])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return {}


def to_run(row: Row) -> DagRun:
    """A run of `RUN_COLUMNS`."""
    (
        pk,
        dag_id,
        run_id,
        run_type,
        state,
        version_id,
        run_after,
        logical_date,
        data_interval_start,
        data_interval_end,
        queued_at,
        start_date,
        end_date,
        triggered_by,
        triggering_user,
        conf,
        note,
        reason,
        revision,
        partition_key,
        partition_date,
        backfill,
        clear_number,
    ) = row
    return DagRun(
        pk=pk,
        dag_id=dag_id,
        run_id=run_id,
        run_type=RunType(run_type),
        state=_RUN_STATES[state],
        version_id=version_id,
        run_after=from_micros(run_after),
        logical_date=from_micros(logical_date),
        data_interval_start=from_micros(data_interval_start),
        data_interval_end=from_micros(data_interval_end),
        queued_at=from_micros(queued_at),
        start_date=from_micros(start_date),
        end_date=from_micros(end_date),
        triggered_by=TriggeredBy(triggered_by),
        triggering_user=triggering_user,
        conf={} if conf == "{}" else from_json_object(conf),
        note=note,
        reason=reason,
        revision=revision,
        partition_key=partition_key,
        partition_date=from_micros(partition_date),
        backfill=backfill,
        clear_number=clear_number,
    )


def to_instance(row: Row) -> TaskInstance:
    """A task instance of `INSTANCE_COLUMNS`."""
    (
        run_pk,
        task_id,
        map_index,
        state,
        try_number,
        max_tries,
        attempt_id,
        losses,
        reschedules,
        not_before,
        scheduled_at,
        queued_at,
        start_date,
        end_date,
        hostname,
        pid,
        rendered_map_index,
        note,
        reason,
    ) = row
    return TaskInstance(
        run_pk=run_pk,
        task_id=task_id,
        map_index=map_index,
        state=_TASK_STATES[state],
        try_number=try_number,
        max_tries=max_tries,
        attempt_id=attempt_id,
        losses=losses,
        reschedules=reschedules,
        not_before=from_micros(not_before),
        scheduled_at=from_micros(scheduled_at),
        queued_at=from_micros(queued_at),
        start_date=from_micros(start_date),
        end_date=from_micros(end_date),
        hostname=hostname,
        pid=pid,
        rendered_map_index=rendered_map_index,
        note=note,
        reason=reason,
    )


def to_instances_in_runs(rows: Iterable[Row]) -> Iterator[InstanceInRun]:
    """Instances with their runs, of `INSTANCE_COLUMNS + RUN_COLUMNS` and whatever follows.

    Rows of one run share its value: most listings are of a few runs.
    """
    runs: dict[int, DagRun] = {}
    for row in rows:
        run = runs.get(row[0])
        if run is None:
            run = runs[row[0]] = to_run(row[_WIDTH : _WIDTH + len(RUN_COLUMNS)])
        yield InstanceInRun(instance=to_instance(row[:_WIDTH]), run=run)


def to_attempt(row: Row) -> AttemptRecord:
    """An attempt of `ATTEMPT_COLUMNS`."""
    (
        attempt_id,
        run_pk,
        task_id,
        map_index,
        try_number,
        state,
        queued_at,
        start_date,
        end_date,
        hostname,
        pid,
        reason,
    ) = row
    return AttemptRecord(
        attempt_id=attempt_id,
        run_pk=run_pk,
        task_id=task_id,
        map_index=map_index,
        try_number=try_number,
        state=_TASK_STATES[state],
        queued_at=from_micros(queued_at),
        start_date=from_micros(start_date),
        end_date=from_micros(end_date),
        hostname=hostname,
        pid=pid,
        reason=reason,
    )
