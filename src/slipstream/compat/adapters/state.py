"""`airflow.utils.state`: the states under the names that DAG files use."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from slipstream.model.states import RunState


class JobState(StrEnum):
    """Where a long-running component stands."""

    RUNNING = "running"
    SUCCESS = "success"
    RESTARTING = "restarting"
    FAILED = "failed"


class TerminalTIState(StrEnum):
    """States that a task instance ends in."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"
    REMOVED = "removed"


class IntermediateTIState(StrEnum):
    """States that a task instance passes through."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RESTARTING = "restarting"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"


class TaskInstanceState(StrEnum):
    """States of a task instance; that of one not decided yet is None."""

    REMOVED = "removed"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    RESTARTING = "restarting"
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"


_TI = TaskInstanceState
_FINISHED = frozenset({_TI.SUCCESS, _TI.FAILED, _TI.SKIPPED, _TI.UPSTREAM_FAILED, _TI.REMOVED})


class State:
    """All states of tasks and runs as class attributes, and the sets that code asks for."""

    SUCCESS = _TI.SUCCESS
    RUNNING = _TI.RUNNING
    FAILED = _TI.FAILED
    NONE = None
    REMOVED = _TI.REMOVED
    SCHEDULED = _TI.SCHEDULED
    QUEUED = _TI.QUEUED
    RESTARTING = _TI.RESTARTING
    UP_FOR_RETRY = _TI.UP_FOR_RETRY
    UP_FOR_RESCHEDULE = _TI.UP_FOR_RESCHEDULE
    UPSTREAM_FAILED = _TI.UPSTREAM_FAILED
    SKIPPED = _TI.SKIPPED
    DEFERRED = _TI.DEFERRED

    task_states: ClassVar[tuple[TaskInstanceState | None, ...]] = (None, *_TI)
    dag_states: ClassVar[tuple[RunState, ...]] = (
        RunState.QUEUED,
        RunState.SUCCESS,
        RunState.RUNNING,
        RunState.FAILED,
    )
    finished: ClassVar[frozenset[TaskInstanceState]] = _FINISHED
    unfinished: ClassVar[frozenset[TaskInstanceState | None]] = frozenset({None, *_TI}) - _FINISHED
    finished_dr_states: ClassVar[frozenset[RunState]] = frozenset(
        {RunState.SUCCESS, RunState.FAILED}
    )
    unfinished_dr_states: ClassVar[frozenset[RunState]] = frozenset(
        {RunState.QUEUED, RunState.RUNNING}
    )
    failed_states: ClassVar[frozenset[TaskInstanceState]] = frozenset(
        {_TI.FAILED, _TI.UPSTREAM_FAILED}
    )
    success_states: ClassVar[frozenset[TaskInstanceState]] = frozenset({_TI.SUCCESS, _TI.SKIPPED})
    adoptable_states: ClassVar[frozenset[TaskInstanceState]] = frozenset(
        {_TI.QUEUED, _TI.RUNNING, _TI.RESTARTING}
    )


DagRunState = RunState
