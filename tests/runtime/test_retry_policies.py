"""Retry policies: judged in the task's process, told with its end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.runtime.conftest import Harness

from slipstream.model.attempt import Failed

TASKS = """
from datetime import timedelta
from slipstream.sdk import (
    ExceptionRetryPolicy, RetryAction, RetryDecision, RetryPolicy, RetryRule
)
from slipstream.sdk.exceptions import AirflowFailException
def _raises(error):
    def run(): raise error
    return run
class _Own(RetryPolicy):
    def evaluate(self, exception, try_number, max_tries, context=None):
        print("asked", os.getpid() == context["pid"], try_number, max_tries, context["run_id"])
        if isinstance(exception, ArithmeticError):
            raise ValueError("the policy is broken")
        if isinstance(exception, LookupError):
            return "retry"
        return RetryDecision.retry(timedelta(seconds=-1), "because")
_rules = ExceptionRetryPolicy([
    RetryRule("builtins.ConnectionError", retry_delay=timedelta(minutes=7), reason="rate limit"),
    RetryRule([PermissionError, "nowhere.at.all.Error"], RetryAction.FAIL),
    RetryRule(TimeoutError),
])
def rate(): raise ConnectionResetError("429")
def denied(): raise PermissionError("no")
def slow(): raise TimeoutError("late")
def other(): raise KeyError("x")
def final(): raise AirflowFailException("over")
for name in ("rate", "denied", "slow", "other", "final"):
    ARGUMENTS[name] = {"retry_policy": _rules}
def own(): raise OSError("x")
def broken(): raise ZeroDivisionError("x")
def wrong(): raise KeyError("x")
for name in ("own", "broken", "wrong"):
    ARGUMENTS[name] = {
        "retry_policy": _Own(),
        "on_execute_callback": lambda context: context.update(pid=os.getpid()),
        "on_retry_callback": lambda context: print("retry", context["ti"].state),
        "on_failure_callback": lambda context: print("failure", context["ti"].state),
    }
ARGUMENTS["denied"]["on_failure_callback"] = lambda context: print("failure", context["ti"].state)
"""


@pytest.mark.parametrize(
    ("task_id", "retryable", "delay", "policy"),
    [
        ("rate", True, timedelta(minutes=7), "rate limit"),
        ("denied", False, None, "a rule for PermissionError matched"),
        ("slow", True, None, "a rule for TimeoutError matched"),
        ("other", True, None, ""),
        ("final", False, None, ""),
        ("own", True, timedelta(0), "because"),
        ("broken", True, None, ""),
        ("wrong", True, None, ""),
    ],
)
def test_what_the_policy_decides_is_in_the_report(
    harness: Harness, task_id: str, retryable: bool, delay: timedelta | None, policy: str
) -> None:
    source = harness.source(harness.write_tasks(TASKS))
    outcome = harness.run(source, task_id, max_tries=2)
    assert isinstance(outcome, Failed)
    assert (outcome.retryable, outcome.retry_delay, outcome.policy) == (retryable, delay, policy)


def test_callbacks_follow_what_the_policy_decided(harness: Harness) -> None:
    source = harness.source(harness.write_tasks(TASKS))
    denied = harness.start(source, "denied", max_tries=2)
    own = harness.start(source, "own", max_tries=2)
    harness.wait_in_log(denied, "failure failed")
    harness.wait_in_log(own, "retry up_for_retry")
    assert "asked True 1 2 run1" in harness.events_in_log(own, "task.stdout")
    assert "action=fail" in harness.log_text(denied)


def test_a_policy_that_fails_decides_nothing_and_is_logged(harness: Harness) -> None:
    source = harness.source(harness.write_tasks(TASKS))
    broken = harness.start(source, "broken", max_tries=1)
    harness.wait_in_log(broken, "retry up_for_retry")
    assert "the policy is broken" in harness.log_text(broken)
    wrong = harness.start(source, "wrong", max_tries=1)
    harness.wait_in_log(wrong, "retry up_for_retry")
    assert "must return a RetryDecision; it returned a str" in harness.log_text(wrong)
