"""How a run ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum

from slipstream.core import reasons
from slipstream.core.run_progress import RunProgress
from slipstream.core.transitions import RunEvent, next_run_state
from slipstream.model.changes import CallbackOwed, RunChanged
from slipstream.model.dag import DagSpec
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import FINISHED, TaskState

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class EndReason(StrEnum):
    """Why a run ended, in the words that a DAG's callbacks are given as `reason`."""

    SUCCESS = "success"
    TASK_FAILURE = "task_failure"
    DEADLOCK = "all_tasks_deadlocked"
    TIMED_OUT = "timed_out"


def conclude(run: RunProgress) -> None:
    """End the run if everything in it is finished, or if nothing can happen any more.

    A run fails when a leaf failed (see `plan.leaf_ids`), or when what is left can never be ready.
    """
    if not run.is_running:
        return
    if not run.unfinished:
        if run.failed_leaves:
            failed = reasons.run_failed(tuple(sorted(run.failed_leaves)))
            end_run(run, EndReason.TASK_FAILURE, failed)
        else:
            end_run(run, EndReason.SUCCESS, reasons.run_succeeded(len(run.tasks)))
    elif run.unfinished == run.waiting + run.overdue and not run.holds:
        stuck = tuple(task.node.task_id for task in run.tasks if task.unfinished)
        end_run(run, EndReason.DEADLOCK, reasons.run_deadlocked(stuck))


def end_run(run: RunProgress, why: EndReason, reason: str) -> None:
    """The run is over, and its DAG's callbacks are due where it has any."""
    run.is_running = False
    succeeded = why is EndReason.SUCCESS
    event = RunEvent.SUCCEED if succeeded else RunEvent.FAIL
    run.run = replace(
        run.run, state=next_run_state(run.run.state, event), end_date=run.at, reason=reason
    )
    run.out.append(RunChanged(run.run))
    dag = run.dag
    if dag.has_success_callback if succeeded else dag.has_failure_callback:
        run.out.append(CallbackOwed(succeeded, why.value))


def telling_instance(
    why: EndReason, dag: DagSpec, run: DagRun, instances: Iterable[TaskInstance]
) -> TaskInstance | None:
    """The task instance whose context the DAG's callbacks get, as in Airflow; None for none.

    After a success or a failure it is the one that succeeded or failed last; after a timeout, of
    those that were cut off the one that began last; in a deadlock the first that waits for
    something although some of it is finished.
    """
    match why:
        case EndReason.SUCCESS:
            ended = [one for one in instances if one.state is TaskState.SUCCESS]
            return max(ended, key=lambda one: one.end_date or _LONG_AGO, default=None)
        case EndReason.TASK_FAILURE:
            ended = [one for one in instances if one.state is TaskState.FAILED]
            return max(ended, key=lambda one: one.end_date or _LONG_AGO, default=None)
        case EndReason.TIMED_OUT:
            cut = [one for one in instances if one.end_date == run.end_date]
            return max(
                cut,
                key=lambda one: (one.attempt_id is not None, one.start_date or _LONG_AGO),
                default=None,
            )
        case EndReason.DEADLOCK:
            return _first_that_waits(dag, list(instances))


def _first_that_waits(dag: DagSpec, instances: list[TaskInstance]) -> TaskInstance | None:
    finished = {one.task_id for one in instances if one.state in FINISHED}
    waiting = {one.task_id: one for one in reversed(instances) if one.state not in FINISHED}
    for task in dag.tasks.values():
        if task.task_id in waiting and finished.intersection(task.upstream):
            return waiting[task.task_id]
    return None
