"""How much of its time a try has used before this attempt of it."""

from __future__ import annotations

from datetime import UTC, datetime

from slipstream.model.attempt import Attempt


def seconds_before(attempt: Attempt) -> float:
    """Seconds that count against `execution_timeout`: a deferral and what ran before it count.

    As in Airflow, what a sensor has waited between two looks does not.
    """
    if attempt.next_method is None or attempt.first_start is None:
        return 0.0
    return max(0.0, (datetime.now(UTC) - attempt.first_start).total_seconds())
