"""When a failed attempt is tried again."""

from __future__ import annotations

import hashlib
import math
from datetime import timedelta

from slipstream.model.dag import TaskSpec
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun

LONGEST_DELAY = timedelta(days=1)
"""No backoff grows beyond this."""

MAX_LOSSES = 3
"""How often a lost attempt is started again as the same try; one more is a failure."""


def retry_delay(task: TaskSpec, run: DagRun, map_index: int, try_number: int) -> timedelta:
    """How long to wait after try `try_number` (from 1) has failed.

    Without backoff it is `retry_delay`. With backoff of base `b` it is `floor + jitter` seconds:
    `floor` is `retry_delay * b ** (try_number - 1)`, rounded up and at least 1; `jitter` is a
    number below `floor`: the SHA-1 of `dag_id#task_id#logical_date#try_number` (`#map_index` after
    it for a mapped instance) as an integer, modulo `floor`. So that a machine that starts anew
    computes the same moment, and instances that failed together do not come back together. The
    result is capped by `max_retry_delay` and by one day.
    """
    delay = task.retry_delay
    base = task.retry_exponential_backoff
    if base:
        delay = _backoff(delay.total_seconds(), base, _identity(task, run, map_index, try_number))
        if task.max_retry_delay is not None:
            delay = min(delay, task.max_retry_delay)
    return delay


def _backoff(seconds: float, base: float, identity: tuple[str, int]) -> timedelta:
    text, try_number = identity
    longest = LONGEST_DELAY.total_seconds()
    growth = (try_number - 1) * math.log(base) if base > 1 else 0.0
    if seconds and growth + math.log(seconds) > math.log(longest):
        return LONGEST_DELAY
    floor = max(1, math.ceil(seconds * base ** (try_number - 1)))
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return timedelta(seconds=min(floor + int(digest, 16) % floor, longest))


def _identity(task: TaskSpec, run: DagRun, map_index: int, try_number: int) -> tuple[str, int]:
    text = f"{run.dag_id}#{task.task_id}#{run.logical_date or run.run_after}#{try_number}"
    return (text if map_index == UNMAPPED else f"{text}#{map_index}"), try_number
