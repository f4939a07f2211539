"""The trigger rules, each written out by itself; and which timer ends which state."""

from __future__ import annotations

from slipstream.model.dag import TaskSpec
from slipstream.model.events import TimerKind
from slipstream.model.states import FINISHED, TaskState, TriggerRule

WAIT, RUN, SKIP, FAIL = "wait", "run", "skip", "fail"
BAD = (TaskState.FAILED, TaskState.UPSTREAM_FAILED)


def apply_rule(rule: TriggerRule, above: list[tuple[TaskSpec, TaskState]]) -> str:
    """What a trigger rule says of the upstream instances."""
    states = [state for _, state in above]
    setups = [state for task, state in above if task.is_setup]
    is_done = all(state in FINISHED for state in states)
    any_good = TaskState.SUCCESS in states
    any_bad = any(state in BAD for state in states)
    any_skipped = TaskState.SKIPPED in states
    when_done = RUN if is_done else WAIT
    if not states:
        return RUN
    match rule:
        case TriggerRule.ALWAYS:
            return RUN
        case TriggerRule.ALL_SUCCESS:
            return FAIL if any_bad else SKIP if any_skipped else when_done
        case TriggerRule.ALL_FAILED:
            return SKIP if any_good or any_skipped else when_done
        case TriggerRule.ALL_DONE:
            return when_done
        case TriggerRule.ALL_SKIPPED:
            return SKIP if any_good or any_bad else when_done
        case TriggerRule.NONE_FAILED:
            return FAIL if any_bad else when_done
        case TriggerRule.NONE_SKIPPED:
            return SKIP if any_skipped else when_done
        case TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS:
            if any_bad:
                return FAIL
            return SKIP if is_done and not any_good else when_done
        case TriggerRule.ALL_DONE_MIN_ONE_SUCCESS:
            if any_skipped:
                return SKIP
            return FAIL if is_done and not any_good else when_done
        case TriggerRule.ALL_DONE_SETUP_SUCCESS:
            if not is_done or not setups or TaskState.SUCCESS in setups:
                return when_done
            return SKIP if all(state is TaskState.SKIPPED for state in setups) else FAIL
        case TriggerRule.ONE_SUCCESS:
            if any_good:
                return RUN
            return WAIT if not is_done else FAIL if any_bad else SKIP
        case TriggerRule.ONE_FAILED:
            return RUN if any_bad else SKIP if is_done else WAIT
        case TriggerRule.ONE_DONE:
            if any_good or TaskState.FAILED in states:
                return RUN
            return SKIP if is_done else WAIT


LIMITS = {
    TimerKind.TRIGGER_TIMEOUT: TaskState.DEFERRED,
    TimerKind.INPUT_TIMEOUT: TaskState.AWAITING_INPUT,
}
WAITS_FOR = {
    TimerKind.RETRY: TaskState.UP_FOR_RETRY,
    TimerKind.RESCHEDULE: TaskState.UP_FOR_RESCHEDULE,
}
"""Which timer is whose."""
