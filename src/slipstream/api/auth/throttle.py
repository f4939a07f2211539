"""How often something may be tried: a token bucket per subject."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Throttle:
    """Allows `per_minute` failures a minute for each subject, refilled evenly.

    Remembers the `memory` subjects that failed last. Safe to use from any thread.
    """

    def __init__(self, per_minute: int, *, memory: int = 10_000) -> None:
        self._per_minute = per_minute
        self._memory = memory
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = Lock()

    def seconds_until_allowed(self, subject: str, now: float) -> int:
        """0 where another attempt is allowed at `now` (seconds of any steady clock)."""
        if not self._per_minute:
            return 0
        with self._lock:
            bucket = self._buckets.get(subject)
            if bucket is None or self._refilled(bucket, now) >= 1:
                return 0
            missing = 1 - self._refilled(bucket, now)
            return math.ceil(missing * 60 / self._per_minute)

    def record_failure(self, subject: str, now: float) -> None:
        """Take a token of the subject."""
        if not self._per_minute:
            return
        with self._lock:
            bucket = self._buckets.pop(subject, None)
            tokens = self._refilled(bucket, now) if bucket else float(self._per_minute)
            self._buckets[subject] = _Bucket(max(0.0, tokens - 1), now)
            while len(self._buckets) > self._memory:
                self._buckets.popitem(last=False)

    def forget(self, subject: str) -> None:
        """The subject succeeded: it starts afresh."""
        with self._lock:
            self._buckets.pop(subject, None)

    def _refilled(self, bucket: _Bucket, now: float) -> float:
        gained = max(0.0, now - bucket.filled_at) * self._per_minute / 60
        return min(float(self._per_minute), bucket.tokens + gained)
