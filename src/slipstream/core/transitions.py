"""The state machines of a task instance and of a run: one table each, and their picture.

A pair that is not in a table cannot happen; asking for it raises `TransitionError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from slipstream.model.errors import SlipstreamError
from slipstream.model.states import FINISHED, RUN_FINISHED, RunState, TaskState


class TransitionError(SlipstreamError):
    """Something happened to a task instance or a run that its state does not allow."""


class TaskEvent(StrEnum):
    """What can happen to a task instance."""

    READY = "ready"
    """Everything that it waited for is there."""
    ADMIT = "admit"
    """Admission gave it its places and an attempt was made."""
    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"
    """It failed for good."""
    RETRY = "retry"
    """It failed and will be tried again."""
    RESCHEDULE = "reschedule"
    DEFER = "defer"
    AWAIT_INPUT = "await_input"
    LOSE = "lose"
    """Its attempt was lost by no fault of its own; the same try begins again."""
    CANCEL = "cancel"
    """Its attempt was ended on request; everything about it is decided anew."""
    SKIP = "skip"
    INHERIT_FAILURE = "inherit_failure"
    """It can never run, because of what it depends on."""
    SKIP_EXECUTION = "skip_execution"
    """There is nothing to execute: it succeeds without an attempt."""
    REMOVE = "remove"
    """It is no longer part of the run."""
    BRING_BACK = "bring_back"
    """It is part of the run again."""
    STOP = "stop"
    """It was running when something else ended the run's work."""


class RunEvent(StrEnum):
    """What can happen to a run."""

    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"


_S = TaskState
_E = TaskEvent

TASK_TRANSITIONS: Mapping[tuple[TaskState, TaskEvent], TaskState] = MappingProxyType(
    {
        (_S.NONE, _E.READY): _S.SCHEDULED,
        (_S.NONE, _E.SKIP_EXECUTION): _S.SUCCESS,
        (_S.NONE, _E.SKIP): _S.SKIPPED,
        (_S.NONE, _E.INHERIT_FAILURE): _S.UPSTREAM_FAILED,
        (_S.NONE, _E.REMOVE): _S.REMOVED,
        (_S.SCHEDULED, _E.ADMIT): _S.QUEUED,
        (_S.SCHEDULED, _E.SKIP): _S.SKIPPED,
        (_S.SCHEDULED, _E.REMOVE): _S.REMOVED,
        (_S.QUEUED, _E.START): _S.RUNNING,
        (_S.QUEUED, _E.SUCCEED): _S.SUCCESS,
        (_S.QUEUED, _E.FAIL): _S.FAILED,
        (_S.QUEUED, _E.RETRY): _S.UP_FOR_RETRY,
        (_S.QUEUED, _E.RESCHEDULE): _S.UP_FOR_RESCHEDULE,
        (_S.QUEUED, _E.DEFER): _S.DEFERRED,
        (_S.QUEUED, _E.AWAIT_INPUT): _S.AWAITING_INPUT,
        (_S.QUEUED, _E.LOSE): _S.SCHEDULED,
        (_S.QUEUED, _E.CANCEL): _S.NONE,
        (_S.QUEUED, _E.SKIP): _S.SKIPPED,
        (_S.QUEUED, _E.STOP): _S.SKIPPED,
        (_S.QUEUED, _E.REMOVE): _S.REMOVED,
        (_S.RUNNING, _E.SUCCEED): _S.SUCCESS,
        (_S.RUNNING, _E.FAIL): _S.FAILED,
        (_S.RUNNING, _E.RETRY): _S.UP_FOR_RETRY,
        (_S.RUNNING, _E.RESCHEDULE): _S.UP_FOR_RESCHEDULE,
        (_S.RUNNING, _E.DEFER): _S.DEFERRED,
        (_S.RUNNING, _E.AWAIT_INPUT): _S.AWAITING_INPUT,
        (_S.RUNNING, _E.LOSE): _S.SCHEDULED,
        (_S.RUNNING, _E.CANCEL): _S.NONE,
        (_S.RUNNING, _E.SKIP): _S.SKIPPED,
        (_S.RUNNING, _E.STOP): _S.FAILED,
        (_S.RUNNING, _E.REMOVE): _S.REMOVED,
        (_S.RESTARTING, _E.START): _S.RESTARTING,
        (_S.RESTARTING, _E.CANCEL): _S.NONE,
        (_S.RESTARTING, _E.SKIP): _S.SKIPPED,
        (_S.RESTARTING, _E.STOP): _S.SKIPPED,
        (_S.RESTARTING, _E.REMOVE): _S.REMOVED,
        (_S.UP_FOR_RETRY, _E.READY): _S.SCHEDULED,
        (_S.UP_FOR_RETRY, _E.SKIP): _S.SKIPPED,
        (_S.UP_FOR_RETRY, _E.INHERIT_FAILURE): _S.UPSTREAM_FAILED,
        (_S.UP_FOR_RETRY, _E.REMOVE): _S.REMOVED,
        (_S.UP_FOR_RESCHEDULE, _E.READY): _S.SCHEDULED,
        (_S.UP_FOR_RESCHEDULE, _E.SKIP): _S.SKIPPED,
        (_S.UP_FOR_RESCHEDULE, _E.INHERIT_FAILURE): _S.UPSTREAM_FAILED,
        (_S.UP_FOR_RESCHEDULE, _E.REMOVE): _S.REMOVED,
        (_S.DEFERRED, _E.READY): _S.SCHEDULED,
        (_S.DEFERRED, _E.SUCCEED): _S.SUCCESS,
        (_S.DEFERRED, _E.FAIL): _S.FAILED,
        (_S.DEFERRED, _E.RETRY): _S.UP_FOR_RETRY,
        (_S.DEFERRED, _E.SKIP): _S.SKIPPED,
        (_S.DEFERRED, _E.REMOVE): _S.REMOVED,
        (_S.AWAITING_INPUT, _E.READY): _S.SCHEDULED,
        (_S.AWAITING_INPUT, _E.SKIP): _S.SKIPPED,
        (_S.AWAITING_INPUT, _E.REMOVE): _S.REMOVED,
        (_S.UPSTREAM_FAILED, _E.SKIP): _S.SKIPPED,
        (_S.REMOVED, _E.BRING_BACK): _S.NONE,
    }
)
"""Every step of a task instance. A finished one is left by clearing it, from outside, and when a
branch leaves out what could not run anyway."""

RUN_TRANSITIONS: Mapping[tuple[RunState, RunEvent], RunState] = MappingProxyType(
    {
        (RunState.QUEUED, RunEvent.START): RunState.RUNNING,
        (RunState.RUNNING, RunEvent.SUCCEED): RunState.SUCCESS,
        (RunState.RUNNING, RunEvent.FAIL): RunState.FAILED,
    }
)
"""Every step of a run. A finished one is left only by clearing or marking it, from outside."""


def next_task_state(state: TaskState, event: TaskEvent) -> TaskState:
    """The state after `event`. Raises `TransitionError` where the table has no entry."""
    try:
        return TASK_TRANSITIONS[state, event]
    except KeyError:
        raise TransitionError(
            _impossible("task instance", state, event, TASK_TRANSITIONS)
        ) from None


def next_run_state(state: RunState, event: RunEvent) -> RunState:
    """The state after `event`. Raises `TransitionError` where the table has no entry."""
    try:
        return RUN_TRANSITIONS[state, event]
    except KeyError:
        raise TransitionError(_impossible("run", state, event, RUN_TRANSITIONS)) from None


def mermaid() -> str:
    """Both tables as the Markdown page `docs/states.md`."""
    return "\n".join(
        [
            "# States",
            "",
            "Drawn from the transition tables by",
            "`python -m slipstream.core.transitions > docs/states.md`.",
            "",
            "## Task instance",
            "",
            *_diagram(TASK_TRANSITIONS, TaskState.NONE, FINISHED),
            "",
            "## Run",
            "",
            *_diagram(RUN_TRANSITIONS, RunState.QUEUED, RUN_FINISHED),
            "",
        ]
    )


def _diagram(
    table: Mapping[tuple[StrEnum, StrEnum], StrEnum]
    | Mapping[tuple[TaskState, TaskEvent], TaskState]
    | Mapping[tuple[RunState, RunEvent], RunState],
    first: StrEnum,
    final: frozenset[TaskState] | frozenset[RunState],
) -> list[str]:
    events: dict[tuple[str, str], list[str]] = {}
    for (state, event), after in table.items():
        events.setdefault((state.value, after.value), []).append(event.value)
    steps = [f"    {a} --> {b}: {', '.join(named)}" for (a, b), named in events.items()]
    ends = [f"    {state} --> [*]" for state in sorted(final)]
    return ["```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *steps, *ends, "```"]


def _impossible(
    what: str,
    state: StrEnum,
    event: StrEnum,
    table: Mapping[tuple[TaskState, TaskEvent], TaskState]
    | Mapping[tuple[RunState, RunEvent], RunState],
) -> str:
    allowed = sorted(known.value for (before, known) in table if before is state)
    return (
        f"a {what} in state {state.value!r} cannot {event.value!r}; "
        f"it can only {', '.join(allowed) or 'be cleared from outside'}"
    )


if __name__ == "__main__":
    print(mermaid(), end="")
