"""Work that ends early: skipped by a branch, cut off by another failure or by a timeout."""

from __future__ import annotations

import re

from slipstream.core import reasons
from slipstream.core.codes import LIVE_CODES, NONE, SCHEDULED
from slipstream.core.progress import TaskProgress
from slipstream.core.run_end import EndReason, end_run
from slipstream.core.run_progress import RunProgress
from slipstream.core.transitions import TaskEvent
from slipstream.model.attempt import Succeeded
from slipstream.model.changes import AttemptCancelled, Unready

_SCHEDULED_RUNS = re.compile(re.escape(bytes([SCHEDULED])) + b"+")


def skip_downstream(run: RunProgress, task: TaskProgress, index: int, outcome: Succeeded) -> None:
    """Skip what the task decided to leave out, where it has not been admitted yet.

    Ids that are no tasks of the DAG are passed over: the task's code may be newer than the DAG.
    """
    known = run.plan.position_of
    positions = {known[task_id] for task_id in outcome.skip if task_id in known}
    if outcome.skip_all_downstream:
        below = run.plan.downstream_of(task.node.position)
        positions.update(at for at in below if not run.tasks[at].node.spec.is_teardown)
    skip_tasks(run, task, index, positions)


def skip_tasks(run: RunProgress, task: TaskProgress, index: int, positions: set[int]) -> None:
    """Skip those of these tasks' instances that an instance of `task` decides about."""
    reason = reasons.branch_skipped(task.node.task_id)
    for position in sorted(positions):
        other = run.tasks[position]
        start, stop = _joined(task, index, other)
        if other.node.skips_after_past:
            for first, last in list(other.pending_runs(start, stop)):
                run.skip_after_past(other, first, last, reason)
        skip_pending(run, other, start, stop, reason, only_ready=other.node.skips_after_past)
        run.skip_failed(other, start, stop, reason)


def skip_pending(
    run: RunProgress,
    task: TaskProgress,
    start: int,
    stop: int,
    reason: str,
    *,
    only_ready: bool = False,
) -> None:
    """Skip what has not been admitted yet among these instances; `only_ready`: and waits for it."""
    for first, last in () if only_ready else list(task.pending_runs(start, stop)):
        run.end_range(task, first, last, TaskEvent.SKIP, reason)
    for found in list(_SCHEDULED_RUNS.finditer(task.states, start, stop)):
        first, last = found.span()
        run.out.append(Unready(task.key(first), last - first))
        run.end_range(task, first, last, TaskEvent.SKIP, reason)


def fail_fast(run: RunProgress, task_id: str) -> None:
    """A task failed for good in a DAG that fails fast: stop everything but the teardowns."""
    reason = reasons.failed_fast(task_id)
    for task in run.tasks:
        if task.unfinished and not task.node.spec.is_teardown:
            _stop(run, task, TaskEvent.STOP, reason)


def time_out(run: RunProgress) -> None:
    """The run's time is over: cut everything off, skip the rest, fail the run."""
    timeout = run.dag.dagrun_timeout
    if timeout is None:
        return
    reason = reasons.timed_out(timeout.total_seconds())
    for task in run.tasks:
        if task.unfinished:
            _stop(run, task, TaskEvent.SKIP, reason)
    end_run(run, EndReason.TIMED_OUT, reason)


def _stop(run: RunProgress, task: TaskProgress, event: TaskEvent, reason: str) -> None:
    """Finish everything of a task: skip what waits, cut off what is under way.

    The places of a live attempt are given back when it is gone.
    """
    skip_pending(run, task, 0, task.count, reason)
    for index in sorted(task.records):
        code = task.states[index]
        if code in LIVE_CODES:
            record = task.records[index]
            attempt_id = record.attempt_id or ""
            record.holds_places = False
            run.leaving[attempt_id] = task.key(index)
            run.end(task, index, event, reason)
            run.out.append(AttemptCancelled(task.key(index), attempt_id, reason))
        elif code > NONE:
            run.end(task, index, TaskEvent.SKIP, reason)


def _joined(task: TaskProgress, index: int, other: TaskProgress) -> tuple[int, int]:
    """The range of `other`'s instances that share the mapped groups' indexes with `index`.

    What is in no mapped group with a map is one for all its instances: none of them alone decides
    that it is left out.
    """
    depth = 0
    for mine, yours in zip(task.node.group_ids, other.node.group_ids, strict=False):
        if mine != yours:
            break
        depth += 1
    if not task.is_expanded:
        return 0, other.count
    if not depth:
        return 0, 0
    if not other.is_expanded:
        return 0, other.count
    ancestor = index // task.strides[depth]
    stride = other.strides[depth]
    return min(ancestor * stride, other.count), min((ancestor + 1) * stride, other.count)
