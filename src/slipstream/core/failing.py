"""A try has failed: whether there is another one."""

from __future__ import annotations

from datetime import datetime

from slipstream.core import reasons
from slipstream.core.pauses import pause
from slipstream.core.progress import TaskProgress
from slipstream.core.records import Record
from slipstream.core.retries import retry_delay
from slipstream.core.run_progress import RunProgress
from slipstream.core.transitions import TaskEvent
from slipstream.model.attempt import Failed
from slipstream.model.changes import TimerSet
from slipstream.model.events import TimerKind


def fail(
    run: RunProgress, task: TaskProgress, index: int, record: Record, outcome: Failed
) -> TaskEvent:
    """The try has failed: there is another one, or the instance has failed; gives which."""
    if outcome.retryable and record.try_number <= record.max_tries:
        at = _retry_at(run, task, index, record, outcome)
        record.not_before = at
        run.forget_deferral(task.key(index), record)
        reason = reasons.retries_at(outcome, record.try_number, record.max_tries, at)
        pause(run, task, index, record, TaskEvent.RETRY, reason)
        run.out.append(TimerSet(TimerKind.RETRY, at, task.key(index)))
        return TaskEvent.RETRY
    task.note_lengths(outcome.lengths, outcome.xcoms)
    reason = reasons.failed(outcome, record.try_number, record.max_tries)
    run.end(task, index, TaskEvent.FAIL, reason, outcome.xcoms)
    return TaskEvent.FAIL


def _retry_at(
    run: RunProgress, task: TaskProgress, index: int, record: Record, outcome: Failed
) -> datetime:
    if outcome.retry_delay is not None:
        return run.at + outcome.retry_delay
    spec = task.node.spec
    return run.at + retry_delay(spec, run.run, task.map_index(index), record.try_number)
