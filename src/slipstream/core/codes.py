"""Task states as small numbers, and the transition table by them."""

from __future__ import annotations

from typing import Final, NoReturn

from slipstream.core.transitions import (
    TASK_TRANSITIONS,
    TaskEvent,
    TransitionError,
    next_task_state,
)
from slipstream.model.states import FINISHED, LIVE, TaskState

STATES: Final = (
    TaskState.SUCCESS,
    TaskState.SKIPPED,
    TaskState.FAILED,
    TaskState.UPSTREAM_FAILED,
    TaskState.REMOVED,
    TaskState.NONE,
    TaskState.SCHEDULED,
    TaskState.QUEUED,
    TaskState.RUNNING,
    TaskState.RESTARTING,
    TaskState.UP_FOR_RETRY,
    TaskState.UP_FOR_RESCHEDULE,
    TaskState.DEFERRED,
    TaskState.AWAITING_INPUT,
)
"""The state of each code. The finished ones stand first, four of them as in a tally."""

CODE: Final = {state: code for code, state in enumerate(STATES)}
SUCCESS: Final = CODE[TaskState.SUCCESS]
SKIPPED: Final = CODE[TaskState.SKIPPED]
FAILED: Final = CODE[TaskState.FAILED]
UPSTREAM_FAILED: Final = CODE[TaskState.UPSTREAM_FAILED]
REMOVED: Final = CODE[TaskState.REMOVED]
NONE: Final = CODE[TaskState.NONE]
"""Every lower code is finished, every higher one under way."""
SCHEDULED: Final = CODE[TaskState.SCHEDULED]
QUEUED: Final = CODE[TaskState.QUEUED]
RESTARTING: Final = CODE[TaskState.RESTARTING]
UP_FOR_RETRY: Final = CODE[TaskState.UP_FOR_RETRY]
UP_FOR_RESCHEDULE: Final = CODE[TaskState.UP_FOR_RESCHEDULE]
DEFERRED: Final = CODE[TaskState.DEFERRED]
AWAITING_INPUT: Final = CODE[TaskState.AWAITING_INPUT]
LIVE_CODES: Final = frozenset(CODE[state] for state in LIVE)

assert {STATES[code] for code in range(NONE)} == FINISHED


def _row(event: TaskEvent) -> tuple[int, ...]:
    """The table's answers to one event, by code of the state before; -1 for none."""
    after = (TASK_TRANSITIONS.get((state, event)) for state in STATES)
    return tuple(-1 if state is None else CODE[state] for state in after)


STEPS: Final = {event: _row(event) for event in TaskEvent}
"""`STEPS[event][code before]` is the code after, or -1 where the table has no entry."""


def raise_impossible(code: int, event: TaskEvent) -> NoReturn:
    """Raise `TransitionError` for a step that does not lead where it was expected to lead."""
    after = next_task_state(STATES[code], event)
    raise TransitionError(f"{event.value!r} takes {STATES[code].value!r} to {after.value!r}")
