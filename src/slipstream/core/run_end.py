"""How a run ends."""

from __future__ import annotations

from dataclasses import replace

from slipstream.core import reasons
from slipstream.core.run_progress import RunProgress
from slipstream.core.transitions import RunEvent, TaskEvent, next_run_state
from slipstream.model.changes import RunChanged
from slipstream.model.states import RunState


def conclude(run: RunProgress) -> None:
    """End the run if everything in it is finished, or if nothing can happen any more.

    A run fails when a leaf failed (see `plan.leaf_ids`), or when what is left can never be ready.
    """
    if run.run.state is not RunState.RUNNING:
        return
    if not run.unfinished:
        if run.failed_leaves:
            end_run(run, RunEvent.FAIL, reasons.run_failed(tuple(sorted(run.failed_leaves))))
        else:
            end_run(run, RunEvent.SUCCEED, reasons.run_succeeded(len(run.tasks)))
    elif run.unfinished == run.waiting + run.overdue and not run.holds:
        stuck = tuple(task.node.task_id for task in run.tasks if task.unfinished)
        end_run(run, RunEvent.FAIL, reasons.run_deadlocked(stuck))


def end_run(run: RunProgress, event: RunEvent, reason: str) -> None:
    """The run is over."""
    run.run = replace(
        run.run, state=next_run_state(run.run.state, event), end_date=run.at, reason=reason
    )
    run.out.append(RunChanged(run.run))


def fail_fast(run: RunProgress, task_id: str) -> None:
    """A task failed for good in a DAG that fails fast: stop everything but the teardowns."""
    reason = reasons.failed_fast(task_id)
    for task in run.tasks:
        if task.unfinished and not task.node.spec.is_teardown:
            run.stop(task, TaskEvent.STOP, reason)


def time_out(run: RunProgress) -> None:
    """The run's time is over: cut everything off, skip the rest, fail the run."""
    timeout = run.dag.dagrun_timeout
    assert timeout is not None
    reason = reasons.timed_out(timeout.total_seconds())
    for task in run.tasks:
        if task.unfinished:
            run.stop(task, TaskEvent.SKIP, reason)
    end_run(run, RunEvent.FAIL, reason)
