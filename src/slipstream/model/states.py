"""The closed sets of the domain: states, rules and kinds, with Airflow's names."""

from __future__ import annotations

from enum import StrEnum


class TaskState(StrEnum):
    """Where a task instance stands. `NONE` is shown as null by the API, as Airflow does."""

    NONE = "none"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    RESTARTING = "restarting"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"
    SUCCESS = "success"
    FAILED = "failed"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    REMOVED = "removed"


class RunState(StrEnum):
    """Where a DAG run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class RunType(StrEnum):
    """What kind of run it is; also the prefix of a generated run id."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    BACKFILL = "backfill"
    BACKFILL_JOB = "backfill"
    """The former name of BACKFILL."""
    OPERATOR_TRIGGERED = "operator_triggered"
    ASSET_TRIGGERED = "asset_triggered"
    ASSET_MATERIALIZATION = "asset_materialization"


class TriggeredBy(StrEnum):
    """Who or what asked for a run."""

    CLI = "cli"
    OPERATOR = "operator"
    REST_API = "rest_api"
    UI = "ui"
    TEST = "test"
    TIMETABLE = "timetable"
    ASSET = "asset"
    BACKFILL = "backfill"


class TriggerRule(StrEnum):
    """When a task may run, judged by the states of its direct upstreams."""

    ALL_SUCCESS = "all_success"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ALL_DONE_MIN_ONE_SUCCESS = "all_done_min_one_success"
    ALL_DONE_SETUP_SUCCESS = "all_done_setup_success"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    NONE_FAILED = "none_failed"
    NONE_SKIPPED = "none_skipped"
    ALWAYS = "always"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    ALL_SKIPPED = "all_skipped"

    # The names that these two had in Airflow 1.10 and early 2.x.
    NONE_FAILED_OR_SKIPPED = "none_failed_min_one_success"
    DUMMY = "always"

    @classmethod
    def is_valid(cls, trigger_rule: str) -> bool:
        """Whether there is a rule of that name."""
        return trigger_rule in cls.all_triggers()

    @classmethod
    def all_triggers(cls) -> set[str]:
        """The names of all rules."""
        return {rule.value for rule in cls}


class WeightRule(StrEnum):
    """How a task's priority weight is summed over the graph."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    ABSOLUTE = "absolute"

    @classmethod
    def is_valid(cls, weight_rule: str) -> bool:
        """Whether there is a rule of that name."""
        return weight_rule in cls.all_weight_rules()

    @classmethod
    def all_weight_rules(cls) -> set[str]:
        """The names of all rules."""
        return {rule.value for rule in cls}


FINISHED = frozenset(
    {
        TaskState.SUCCESS,
        TaskState.FAILED,
        TaskState.UPSTREAM_FAILED,
        TaskState.SKIPPED,
        TaskState.REMOVED,
    }
)
"""States that a task instance leaves only by being cleared."""

LIVE = frozenset({TaskState.QUEUED, TaskState.RUNNING, TaskState.RESTARTING})
"""States in which an attempt exists that an executor may hold a process for."""

WAITS = frozenset({TaskState.DEFERRED, TaskState.AWAITING_INPUT})
"""States of instances that have begun, and wait for something without a process."""

RUN_FINISHED = frozenset({RunState.SUCCESS, RunState.FAILED})
