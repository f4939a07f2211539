"""How a run ends."""

from __future__ import annotations

from dataclasses import replace

from slipstream.core import reasons
from slipstream.core.run_progress import RunProgress
from slipstream.core.transitions import RunEvent, next_run_state
from slipstream.model.changes import RunChanged


def conclude(run: RunProgress) -> None:
    """End the run if everything in it is finished, or if nothing can happen any more.

    A run fails when a leaf failed (see `plan.leaf_ids`), or when what is left can never be ready.
    """
    if not run.is_running:
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
    run.is_running = False
    run.run = replace(
        run.run, state=next_run_state(run.run.state, event), end_date=run.at, reason=reason
    )
    run.out.append(RunChanged(run.run))
