"""What a task waits for: every cause says what, since when, and when it will likely change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from slipstream.core.waiting import Busy, Surroundings, why
from slipstream.model.backfill import Backfill
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import RunState, RunType, TaskState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEFORE, LATER = NOW - timedelta(minutes=5), NOW + timedelta(hours=1)
RUN = DagRun(
    pk=1,
    dag_id="etl",
    run_id="r",
    run_type=RunType.MANUAL,
    state=RunState.RUNNING,
    version_id="v",
    run_after=BEFORE,
    queued_at=BEFORE,
    start_date=BEFORE,
)
TASK = TaskSpec(task_id="load", upstream=("extract",), pool="wide", pool_slots=2)
DAG = DagSpec(dag_id="etl", tasks={"load": TASK}, max_active_runs=2, max_active_tasks=3)
LOAD = TaskInstance(run_pk=1, task_id="load", max_tries=2, try_number=1)
EXTRACT = TaskInstance(
    run_pk=1, task_id="extract", state=TaskState.RUNNING, start_date=BEFORE, try_number=1
)
PLAIN = Surroundings(now=NOW, dag=DAG, run=RUN, instance=LOAD)


def in_state(state: TaskState, **fields: object) -> TaskInstance:
    return replace(LOAD, state=state, **fields)  # type: ignore[arg-type]  # fields by name


def with_task(**fields: object) -> DagSpec:
    return replace(DAG, tasks={"load": replace(TASK, **fields)})  # type: ignore[arg-type]  # by name


BACKFILL = Backfill(
    pk=7,
    dag_id="etl",
    from_date=BEFORE,
    to_date=LATER,
    max_active_runs=1,
    created_at=BEFORE,
    updated_at=BEFORE,
)
QUEUED = replace(RUN, state=RunState.QUEUED, start_date=None)
SCHEDULED = in_state(TaskState.SCHEDULED, scheduled_at=BEFORE)
CAUSES: dict[str, tuple[dict[str, object], list[str]]] = {
    "no scheduler": (
        {"scheduler_is_alive": False, "scheduler_seen": BEFORE},
        ["scheduler", "since 2026-03-01T11:55:00", "slipstream scheduler"],
    ),
    "run later": ({"run": replace(QUEUED, run_after=LATER)}, ["begins at 2026-03-01T13:00:00"]),
    "paused": ({"run": QUEUED, "is_paused": True}, ["paused", "dags unpause etl", "5 min 0 s"]),
    "too many runs": (
        {
            "run": QUEUED,
            "active_runs": 2,
            "oldest_active": BEFORE,
            "typical_run": timedelta(minutes=8),
        },
        ["2 runs of the DAG are", "max_active_runs is 2", "likely end at 2026-03-01T12:03:00"],
    ),
    "too many runs of the backfill": (
        {
            "run": replace(QUEUED, backfill=7),
            "backfill": BACKFILL,
            "active_runs": 1,
            "oldest_active": BEFORE,
        },
        ["1 run of backfill 7 is", "max_active_runs is 1", "not known yet"],
    ),
    "backfill paused": (
        {"run": replace(QUEUED, backfill=7), "backfill": replace(BACKFILL, is_paused=True)},
        ["its backfill is paused", "since 2026-03-01T11:55:00", "slipstream backfill unpause 7"],
    ),
    "run about to begin": ({"run": QUEUED}, ["about to begin", "since 2026-03-01T11:55:00"]),
    "run ended": (
        {"run": replace(RUN, state=RunState.FAILED, end_date=BEFORE, reason="Task 'x' failed.")},
        ["will not run", "failed", "Task 'x' failed."],
    ),
    "upstream": (
        {"upstream": [Busy(instance=EXTRACT, typical=timedelta(minutes=7))]},
        ["extract (running)", "since 2026-03-01T11:55:00", "likely end at 2026-03-01T12:02:00"],
    ),
    "upstream unknown": (
        {"upstream": [Busy(instance=EXTRACT, typical=None)]},
        ["extract (running)", "nobody can say"],
    ),
    "upstream late": (
        {"upstream": [Busy(instance=EXTRACT, typical=timedelta(minutes=1))]},
        ["longer than usual", "2026-03-01T11:56:00"],
    ),
    "upstream not started": (
        {
            "upstream": [
                Busy(instance=replace(EXTRACT, state=TaskState.NONE, start_date=None), typical=None)
            ]
        },
        ["extract (not started)", "since 2026-03-01T11:55:00", "nobody can say"],
    ),
    "start date": ({"dag": with_task(start_date=LATER)}, ["start date", "2026-03-01T13:00:00"]),
    "past": (
        {"dag": with_task(depends_on_past=True)},
        ["the run before", "when that one has succeeded"],
    ),
    "task gone": ({"dag": replace(DAG, tasks={})}, ["not in this version"]),
    "pool missing": (
        {"instance": SCHEDULED, "pool_slots": None},
        ["pool 'wide', which does not exist", "since 2026-03-01T11:55:00", "pools set wide"],
    ),
    "pool of another team": (
        {"instance": SCHEDULED, "pool_slots": 4, "pool_team": "alpha", "team": "beta"},
        ["pool 'wide'", "the team 'alpha'", "its DAG to the team 'beta'", "never runs before"],
    ),
    "pool of a team that the DAG is not of": (
        {"instance": SCHEDULED, "pool_slots": 4, "pool_team": "alpha"},
        ["the team 'alpha'", "its DAG to none"],
    ),
    "full pool of its team": (
        {
            "instance": SCHEDULED,
            "pool_slots": 4,
            "pool_taken": 4,
            "pool_team": "alpha",
            "team": "alpha",
        },
        ["4 of 4 are taken"],
    ),
    "pool too small": (
        {"instance": SCHEDULED, "pool_slots": 1},
        ["for 2 slots", "has 1 in all", "never"],
    ),
    "pool full": (
        {"instance": SCHEDULED, "pool_slots": 4, "pool_taken": 3},
        ["3 of 4", "since 2026-03-01T11:55:00", "when enough of them are free"],
    ),
    "too many of the task": (
        {
            "instance": SCHEDULED,
            "dag": with_task(max_active_tis_per_dag=1),
            "active_of_task": 1,
        },
        ["1 instance of its task is", "max_active_tis_per_dag is 1", "when one of them ends"],
    ),
    "too many of the task in the run": (
        {
            "instance": SCHEDULED,
            "dag": with_task(max_active_tis_per_dagrun=2),
            "active_of_task_in_run": 2,
        },
        ["2 instances of its task are", "max_active_tis_per_dagrun is 2", "when one of them ends"],
    ),
    "too many of the DAG": (
        {"instance": SCHEDULED, "active_in_dag": 3},
        ["3 tasks of its run are", "max_active_tasks is 3", "since 2026-03-01T11:55:00"],
    ),
    "no place": (
        {"instance": SCHEDULED, "active_everywhere": 32},
        ["32 tasks of all DAGs are", "parallelism", "5 min", "when one of them ends"],
    ),
    "paused before its start": (
        {"instance": SCHEDULED, "is_paused": True},
        ["not started while the DAG is paused"],
    ),
    "executor": (
        {"instance": in_state(TaskState.QUEUED, queued_at=BEFORE)},
        ["executor", "since 2026-03-01T11:55:00", "queue 'default'", "as soon as a worker"],
    ),
    "running": (
        {
            "instance": in_state(TaskState.RUNNING, start_date=BEFORE),
            "typical": timedelta(minutes=6),
        },
        ["running", "since 2026-03-01T11:55:00", "likely end at 2026-03-01T12:01:00"],
    ),
    "retry": (
        {"instance": in_state(TaskState.UP_FOR_RETRY, not_before=LATER, end_date=BEFORE)},
        ["try 1 of 3 failed at 2026-03-01T11:55:00", "next try is at 2026-03-01T13:00:00"],
    ),
    "retry while paused": (
        {"instance": in_state(TaskState.UP_FOR_RETRY, not_before=LATER), "is_paused": True},
        ["next try is at 2026-03-01T13:00:00", "unless the DAG is still paused then"],
    ),
    "reschedule": (
        {"instance": in_state(TaskState.UP_FOR_RESCHEDULE, not_before=LATER, end_date=BEFORE)},
        ["looked at 2026-03-01T11:55:00", "gave its place back", "2026-03-01T13:00:00"],
    ),
    "trigger": (
        {
            "instance": in_state(TaskState.DEFERRED, start_date=BEFORE),
            "trigger": "triggers.File",
            "trigger_until": LATER,
        },
        [
            "triggers.File",
            "since 2026-03-01T11:55:00",
            "at 2026-03-01T13:00:00+00:00 at the latest",
        ],
    ),
    "no triggerer": (
        {
            "instance": in_state(TaskState.DEFERRED, start_date=BEFORE),
            "trigger": "triggers.File",
            "triggerer_is_alive": False,
            "triggerer_seen": BEFORE,
        },
        ["triggers.File", "none was heard since 2026-03-01T11:55:00", "slipstream triggerer"],
    ),
    "people": (
        {"instance": in_state(TaskState.AWAITING_INPUT, reason="It waits for an answer.")},
        ["an answer;", "slipstream approvals answer etl 'r' load OPTION"],
    ),
    "restart": ({"instance": in_state(TaskState.RESTARTING)}, ["begins anew when"]),
    "ended": (
        {"instance": in_state(TaskState.SUCCESS, end_date=BEFORE, reason="It succeeded.")},
        ["waits for nothing", "ended as success at 2026-03-01T11:55:00"],
    ),
    "removed": (
        {"instance": in_state(TaskState.REMOVED)},
        ["waits for nothing", "not part of its run any more"],
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_is_told_in_one_sentence(cause: str) -> None:
    fields, parts = CAUSES[cause]
    sentence = why(replace(PLAIN, **fields))  # type: ignore[arg-type]  # fields by name
    for part in parts:
        assert part in sentence, sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_no_two_causes_are_told_alike() -> None:
    told = {why(replace(PLAIN, **fields)) for fields, _ in CAUSES.values()}  # type: ignore[arg-type]  # by name
    assert len(told) == len(CAUSES) >= 20
