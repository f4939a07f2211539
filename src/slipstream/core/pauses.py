"""An instance gives its places back and is not finished."""

from __future__ import annotations

from slipstream.core.codes import DEFERRED, STATES
from slipstream.core.frozen import released
from slipstream.core.progress import TaskProgress
from slipstream.core.records import Record
from slipstream.core.run_progress import RunProgress
from slipstream.core.transitions import TaskEvent
from slipstream.model.states import WAITS, TaskState


def pause(
    run: RunProgress, task: TaskProgress, index: int, record: Record, event: TaskEvent, reason: str
) -> None:
    """The instance gives its places back and is not finished."""
    waited = task.states[index] == DEFERRED
    state = STATES[run.step(task, index, event)]
    if event is TaskEvent.RETRY:
        record.end_date = run.at
    run.note(task.key(index), record, state, reason)
    if waited:
        # What it has kept while it waited.
        run.out.append(released(task.key(index)))
    else:
        release(run, task, index, record, waits=state if state in WAITS else None)


def release(
    run: RunProgress,
    task: TaskProgress,
    index: int,
    record: Record,
    *,
    waits: TaskState | None = None,
) -> None:
    if record.holds_places:
        record.holds_places = False
        run.out.append(released(task.key(index), waits=waits))
