"""Maps: putting instances in the place of a placeholder, and fitting them to a new length."""

from __future__ import annotations

import math
from typing import Final

from slipstream.core import reasons
from slipstream.core.codes import NONE, REMOVED, SCHEDULED, STATES, STEPS
from slipstream.core.frozen import new_instance
from slipstream.core.lengths import evaluate
from slipstream.core.progress import TaskProgress
from slipstream.core.run_progress import RunProgress
from slipstream.core.transitions import TaskEvent
from slipstream.model.changes import InstancesAdded, MapExpanded, Unready
from slipstream.model.states import TaskState

_NOT_BEGUN: Final = frozenset(
    {TaskState.NONE, TaskState.SCHEDULED, TaskState.UP_FOR_RETRY, TaskState.UP_FOR_RESCHEDULE}
)


def lengths_now(run: RunProgress, task: TaskProgress) -> tuple[int, ...] | None:
    """The lengths of the groups around and of the map itself; None while one is unknown."""
    values = [evaluate(length, run.length_of) for length in task.node.lengths]
    known = [value for value in values if value is not None]
    return tuple(known) if len(known) == len(values) else None


def expand(run: RunProgress, task: TaskProgress, lengths: tuple[int, ...]) -> None:
    """Put a map's instances in the place of its placeholder, all pending."""
    run.free_holds(task, 0, 1)
    task.resize(lengths)
    run.unfinished += task.count - 1
    run.waiting += task.count - 1
    task.recount([run.tasks[edge.source] for edge in task.node.incoming])
    for edge in task.node.outgoing:
        below = run.tasks[edge.target]
        if not below.is_absent:
            below.expect_expansion(edge, task)
    node = task.node
    reason = reasons.map_expanded(task.count)
    run.out.append(
        MapExpanded(node.task_id, task.count, node.spec.retries, at=run.at, reason=reason)
    )


def refit(run: RunProgress, task: TaskProgress, lengths: tuple[int, ...]) -> None:
    """Give an expanded map these lengths: add what is missing, remove what is too much.

    What is under way or finished beyond the new end stays.
    """
    total = math.prod(lengths)
    beyond = range(total, task.count)
    removed = [at for at in beyond if STATES[task.states[at]] in _NOT_BEGUN]
    under_way = [at for at in beyond if task.states[at] > NONE and at not in removed]
    back = [at for at in range(min(total, task.count)) if task.states[at] == REMOVED]
    added = range(task.count, total)
    if not removed and not back and not added:
        return
    for index in removed:
        if task.states[index] == SCHEDULED:
            run.out.append(Unready(task.key(index)))
        run.end(task, index, TaskEvent.REMOVE, reasons.BEYOND_MAP)
    for index in back:
        _bring_back(run, task, index)
    task.refit((under_way[-1] + 1,) if under_way and len(lengths) == 1 else lengths)
    run.unfinished += len(added)
    run.waiting += len(added)
    if added:
        spec = task.node.spec
        reason = reasons.map_expanded(total)
        run.out.append(
            InstancesAdded(tuple(new_instance(run.run_pk, spec, at, reason) for at in added))
        )
    touched = [task, *(run.tasks[edge.target] for edge in task.node.outgoing)]
    for other in touched:
        if not other.is_absent:
            other.recount([run.tasks[edge.source] for edge in other.node.incoming])
            run.touch(other)


def _bring_back(run: RunProgress, task: TaskProgress, index: int) -> None:
    task.states[index] = STEPS[TaskEvent.BRING_BACK][REMOVED]
    task.unfinished += 1
    task.waiting += 1
    run.unfinished += 1
    run.waiting += 1
    run.note(task.key(index), task.record(index), TaskState.NONE, reasons.IN_MAP_AGAIN)
