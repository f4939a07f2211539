"""What a task's own retry policy makes of a failure."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from slipstream.model.attempt import Attempt, Failed
from slipstream.sdk.exceptions import AirflowException, DagRunTriggerException

if TYPE_CHECKING:
    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._context import Context
    from slipstream.sdk._retry_policy import RetryAction, RetryDecision

_log = logging.getLogger("airflow.task")

_LONGEST_REASON = 500


def judge(
    outcome: Failed,
    error: BaseException,
    task: AbstractOperator,
    attempt: Attempt,
    context: Context,
) -> Failed:
    """The failure, with what the task's `retry_policy` decides about it.

    A policy may end the tries early or say when the next one is; it cannot add to `retries`. One
    that raises decides nothing. What may not be retried is not shown to it.
    """
    policy = task.retry_policy
    if policy is None or not outcome.retryable:
        return outcome
    from slipstream.sdk._retry_policy import RetryAction

    if isinstance(error, DagRunTriggerException):
        error = AirflowException(outcome.message)
    try:
        decision = policy.evaluate(
            exception=error,
            try_number=attempt.try_number,
            max_tries=attempt.max_tries,
            context=context,
        )
        action, reason = _checked(decision)
    except Exception:  # noqa: BLE001 - the policy is the user's code, and the failure stays
        _log.exception("The retry policy of task %s failed; its retries decide", task.task_id)
        return outcome
    _log.info("Retry policy decision action=%s reason=%s", action.value, reason or "none was given")
    if action is RetryAction.FAIL:
        return replace(outcome, retryable=False, policy=reason or "no further try")
    if action is RetryAction.RETRY:
        delay = decision.retry_delay
        return replace(
            outcome,
            retry_delay=None if delay is None else max(delay, timedelta(0)),
            policy=reason or "another try",
        )
    return outcome


def _checked(decision: RetryDecision) -> tuple[RetryAction, str]:
    from slipstream.sdk._retry_policy import RetryAction, RetryDecision

    if not isinstance(decision, RetryDecision):
        raise TypeError(
            f"evaluate() must return a RetryDecision; it returned a {type(decision).__name__}."
        )
    if not isinstance(decision.retry_delay, timedelta | None):
        raise TypeError(
            f"retry_delay must be a timedelta; it is of type {type(decision.retry_delay).__name__}."
        )
    reason = "" if decision.reason is None else " ".join(str(decision.reason).split())
    return RetryAction(decision.action), reason[:_LONGEST_REASON]
