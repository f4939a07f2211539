"""Why something is as it is: a code for programs and one sentence for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from slipstream.core.trigger_rules import (
    EXPECTED,
    FAILED,
    SCOPE_EXPECTED,
    SCOPE_SUCCESS,
    SKIPPED,
    SUCCESS,
    UPSTREAM_FAILED,
    Tally,
)
from slipstream.model.attempt import Failed
from slipstream.model.dag import TaskSpec
from slipstream.model.states import TriggerRule


class ReasonCode(StrEnum):
    """Every kind of reason."""

    NOT_STARTED = "not_started"
    NO_UPSTREAM = "no_upstream"
    UPSTREAM_MET = "upstream_met"
    WAITS_FOR_UPSTREAM = "waits_for_upstream"
    WAITS_FOR_SETUP = "waits_for_setup"
    WAITS_FOR_LENGTH = "waits_for_length"
    WAITS_FOR_PAST = "waits_for_past"
    WAITS_FOR_START_DATE = "waits_for_start_date"
    WAITS_FOR_PLACE = "waits_for_place"
    WAITS_FOR_EXECUTOR = "waits_for_executor"
    WAITS_FOR_RETRY = "waits_for_retry"
    WAITS_FOR_RESCHEDULE = "waits_for_reschedule"
    WAITS_FOR_TRIGGER = "waits_for_trigger"
    WAITS_FOR_INPUT = "waits_for_input"
    WAITS_FOR_RESTART = "waits_for_restart"
    RUNS = "runs"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"
    REMOVED = "removed"
    NEVER_RUNS = "never_runs"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason as data."""

    code: ReasonCode
    sentence: str
    task_ids: tuple[str, ...] = ()
    """The tasks that it is about: what is waited for, or what caused it."""


BEGUN = "The run has begun."
NOT_YET_BEGUN = "Its run has not begun yet."
NO_UPSTREAM = "Nothing is upstream of it, so it may run."
NOTHING_TO_EXECUTE = "It has nothing to execute and succeeded as soon as it was due."
EMPTY_MAP = "It was skipped because there is nothing to map over."
NO_LENGTH = "It cannot run because an upstream task gave nothing that it could be mapped over."
TRIGGER_FIRED = "The trigger that it waited for has fired."
INPUT_GIVEN = "Somebody has answered it."
WAIT_UNKNOWN = "Nobody knows what it waited for any more, so it starts over."
CLEARED = "It was cleared while it was running and is decided anew."
NOT_IN_DAG = "Its task is not in this version of the DAG any more."
IN_MAP_AGAIN = "There are as many things to map over again."
BEYOND_MAP = "There are fewer things to map over than before."


def map_expanded(length: int) -> str:
    """Of an instance that a map made."""
    return f"It is one of {length} that its task was mapped to."


def rule_met(task: TaskSpec, tally: Tally) -> str:
    """Of an instance that may run."""
    if not task.upstream:
        return NO_UPSTREAM
    return _rule_met(task.trigger_rule, *tally[SUCCESS : EXPECTED + 1])


def rule_skips(task: TaskSpec, tally: Tally) -> str:
    """Of an instance that its rule skips."""
    return f"It was skipped by its trigger rule {task.trigger_rule}: {upstream_states(tally)}."


def rule_fails(task: TaskSpec, tally: Tally) -> str:
    """Of an instance that its rule never lets run."""
    return f"Its trigger rule {task.trigger_rule} can never be met: {upstream_states(tally)}."


def rule_waits(task: TaskSpec, tally: Tally) -> str:
    """Of an instance whose rule is not met yet."""
    return f"It waits for its trigger rule {task.trigger_rule}: {upstream_states(tally)}."


def setup_skipped() -> str:
    """Of an instance whose setup was skipped."""
    return "It was skipped because a setup that it works under was skipped."


def setup_failed() -> str:
    """Of an instance whose setup failed."""
    return "It cannot run because a setup that it works under did not succeed."


def setup_waits(tally: Tally) -> str:
    """Of an instance whose setups are not done yet."""
    missing = tally[SCOPE_EXPECTED] - tally[SCOPE_SUCCESS]
    return f"It waits for {_count(missing, 'setup')} that it works under."


def mapped_over(task_id: str, state: str) -> str:
    """Of an instance whose map needed the value of a task that did not succeed."""
    return f"Task {task_id!r}, whose value it is mapped over, ended as {state}."


def upstream_states(tally: Tally) -> str:
    """`2 of 3 upstream succeeded, 1 failed`."""
    told = [f"{tally[SUCCESS]} of {tally[EXPECTED]} upstream succeeded"]
    for at, word in (
        (SKIPPED, "skipped"),
        (FAILED, "failed"),
        (UPSTREAM_FAILED, "upstream_failed"),
    ):
        if tally[at]:
            told.append(f"{tally[at]} {word}")
    return ", ".join(told)


@lru_cache(maxsize=4096)
def _rule_met(rule: TriggerRule, *tally: int) -> str:
    return f"Its trigger rule {rule} is met: {upstream_states(tally)}."


def branch_skipped(by: str) -> str:
    """Of an instance that a branch left out."""
    return f"Task {by!r} decided to skip it."


@lru_cache(maxsize=1024)
def queued(try_number: int, max_tries: int) -> str:
    """Of an instance that was admitted."""
    return f"It has its place and waits to be started (try {try_number} of {max_tries + 1})."


@lru_cache(maxsize=1024)
def started(try_number: int, max_tries: int) -> str:
    """Of an instance that runs."""
    return f"It is running (try {try_number} of {max_tries + 1})."


@lru_cache(maxsize=1024)
def succeeded(try_number: int) -> str:
    """Of an instance that is done."""
    return f"It succeeded on try {try_number}."


def skipped_itself(message: str) -> str:
    """Of an instance whose code asked for the skip."""
    return f"Its code skipped it: {_sentence(message)}" if message else "Its code skipped it."


def failed(outcome: Failed, try_number: int, max_tries: int) -> str:
    """Of an instance that failed for good."""
    said = _sentence(outcome.message)
    if not outcome.retryable:
        return f"It failed and must not be retried: {said}{_by_policy(outcome)}"
    if not max_tries:
        return f"It failed: {said}"
    return f"It failed on try {try_number} of {max_tries + 1}: {said}"


def retries_at(outcome: Failed, try_number: int, max_tries: int, at: datetime) -> str:
    """Of an instance that will be tried again."""
    moment = at.isoformat(timespec="seconds")
    said = f"{_sentence(outcome.message)}{_by_policy(outcome)}"
    return f"Try {try_number} of {max_tries + 1} failed; the next is at {moment}: {said}"


def _by_policy(outcome: Failed) -> str:
    return f" Its retry policy said: {_sentence(outcome.policy)}" if outcome.policy else ""


def lost(message: str, losses: int) -> str:
    """Of an instance whose attempt is begun again."""
    return f"Its attempt was lost and is started again (loss {losses}): {_sentence(message)}"


def lost_too_often(message: str, losses: int) -> str:
    """What a failure says that took the place of one loss too many."""
    return f"the attempt was lost {losses} times: {message}"


def rescheduled(at: datetime) -> str:
    """Of a sensor that gave its place back."""
    return f"It gave its place back and looks again at {at.isoformat(timespec='seconds')}."


def retry_due() -> str:
    """Of an instance whose retry delay is over."""
    return "Its retry is due."


def reschedule_due() -> str:
    """Of a sensor that may look again."""
    return "It is time to look again."


def deferred(trigger: str, since: datetime) -> str:
    """Of an instance that waits on a trigger."""
    return f"It is deferred: it waits for {trigger} since {since.isoformat(timespec='seconds')}."


def trigger_failed(error: str) -> str:
    """Of an instance whose trigger failed: it goes on, to fail by it."""
    return f"The trigger that it waited for failed: {_sentence(error)}"


def trigger_timed_out(at: datetime) -> str:
    """Of an instance whose trigger took too long: it goes on, to fail by it."""
    return f"The trigger that it waited for did not fire until {at.isoformat(timespec='seconds')}."


def ended_by_trigger(state: str, trigger: str) -> str:
    """Of an instance that its trigger ended."""
    return f"The trigger {trigger} ended it as {state}."


def awaits_input(since: datetime, until: datetime | None) -> str:
    """Of an instance that has asked people something."""
    limit = "" if until is None else f", until {until.isoformat(timespec='seconds')} at the latest"
    return f"It waits for somebody to answer since {since.isoformat(timespec='seconds')}{limit}."


def input_timed_out(at: datetime, *, has_defaults: bool) -> str:
    """Of an instance that nobody has answered in time: it goes on by its defaults, or to fail."""
    follows = "it goes on with its defaults" if has_defaults else "it has no defaults"
    return f"Nobody answered until {at.isoformat(timespec='seconds')}: {follows}."


def waits_for_past(reason: str) -> str:
    """Of an instance that depends on the previous run."""
    return reason or "It waits for its instance in the previous run."


def waits_for_start_date(at: datetime) -> str:
    """Of an instance whose task starts later."""
    return f"Its task has the start date {at.isoformat(timespec='seconds')}."


def failed_fast(task_id: str) -> str:
    """Of an instance that was stopped by `fail_fast`."""
    return f"Task {task_id!r} failed and the DAG is set to fail fast."


def timed_out(seconds: float) -> str:
    """Of the run whose time is over, and of what was cut off with it."""
    return f"The run took longer than its dagrun_timeout of {seconds:g} s."


def run_succeeded(tasks: int) -> str:
    """Of a run whose leaves are all well."""
    return "All of its final tasks succeeded or were skipped." if tasks else "It has no tasks."


def run_failed(task_ids: tuple[str, ...]) -> str:
    """Of a run that a leaf failed."""
    return f"{_names(task_ids)} failed."


def run_deadlocked(task_ids: tuple[str, ...]) -> str:
    """Of a run in which nothing can happen any more."""
    return f"Nothing can run any more: {_names(task_ids)} can never be ready."


def _names(task_ids: tuple[str, ...]) -> str:
    shown = ", ".join(repr(task_id) for task_id in task_ids[:3])
    more = f" and {len(task_ids) - 3} more" if len(task_ids) > 3 else ""
    return f"{'Task' if len(task_ids) == 1 else 'Tasks'} {shown}{more}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _sentence(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else "no message"
    return line if line.endswith((".", "!", "?")) else f"{line}."
