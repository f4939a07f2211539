"""Runs, task instances and attempts as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED
from slipstream.model.states import RunState, RunType, TaskState, TriggeredBy


class TaskKey(NamedTuple):
    """One task instance within a run."""

    task_id: str
    map_index: int = UNMAPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class DagRun:
    """One run of one version of a DAG. All times are aware UTC datetimes."""

    pk: int
    """The store's own number of the run; 0 before it was written."""
    dag_id: str
    run_id: str
    run_type: RunType
    state: RunState
    version_id: str
    """The DAG version the run started with and keeps."""
    run_after: datetime
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    queued_at: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    triggered_by: TriggeredBy = TriggeredBy.CLI
    triggering_user: str | None = None
    conf: Mapping[str, JsonValue] = field(default_factory=dict)
    note: str | None = None
    reason: str = ""
    """Why the run is in its state, in one sentence."""
    revision: int = 0
    """Grows with every write; a writer that saw another revision is refused."""
    partition_key: str | None = None
    """The partition that the run is about; None for a run that is about none."""
    partition_date: datetime | None = None
    """The moment that the partition key stands for, where it stands for one."""
    backfill: int | None = None
    """The number of the backfill that it belongs to."""
    clear_number: int = 0
    """How often tasks of it were cleared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInstance:
    """One task in one run: its state and its latest attempt."""

    run_pk: int
    task_id: str
    map_index: int = UNMAPPED
    state: TaskState = TaskState.NONE
    try_number: int = 0
    """The number of the latest attempt that counts, from 1; 0 before the first."""
    max_tries: int = 0
    """Retries allowed: the instance may be tried `max_tries + 1` times."""
    attempt_id: str | None = None
    """The latest attempt; a report from any other is refused."""
    losses: int = 0
    """Attempts of this try that were lost to a failure of the machine or of the server."""
    reschedules: int = 0
    """How often this try gave its place back to be rescheduled."""
    not_before: datetime | None = None
    """While up for retry or reschedule: when it may run again."""
    scheduled_at: datetime | None = None
    queued_at: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    hostname: str = ""
    pid: int | None = None
    rendered_map_index: str | None = None
    note: str | None = None
    reason: str = ""

    @property
    def key(self) -> TaskKey:
        """Where the instance stands within its run."""
        return TaskKey(self.task_id, self.map_index)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundInstance:
    """A task instance of any run, as tasks may ask about it."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None
    try_number: int
    operator: str
    """The name of the operator's class."""
    logical_date: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None

    @property
    def duration(self) -> float | None:
        """Seconds from its beginning to its end; None where it has not ended."""
        if self.start_date is None or self.end_date is None:
            return None
        return (self.end_date - self.start_date).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """What a task instance may want to know of the run before its own."""

    run: DagRun
    states: Mapping[str, Mapping[TaskState, int]]
    """`{task_id: {state: instances}}` of the tasks that were asked about."""
    has_earlier: bool
    """Whether the first of these tasks has an instance in any earlier run."""
