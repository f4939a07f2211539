"""How often something may be tried: a token bucket per subject."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock
from typing import Final, Protocol

from slipstream.model.errors import InvalidInputError

_FACTOR: Final = 10
"""So many times what is allowed to a name from one address is allowed to the name from anywhere,
and to the address for any name: people share addresses, and nobody is to lock out others easily."""


class Counts(Protocol):
    """What counts failures: a `Throttle`, or the way to one of another process."""

    def take(self, subject: str, now: float) -> int:
        """0 where another failure is allowed at `now`; else the seconds until one is."""

    def give_back(self, subject: str) -> None:
        """What was taken was no failure."""

    def forget(self, subject: str) -> None:
        """The subject starts afresh."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where failures are counted; each is safe to use from any thread."""

    of_both: Counts
    """Of a name from an address."""
    of_name: Counts
    of_address: Counts


def limits_of(per_minute: int) -> Limits:
    """Counted here, so many failures a minute of a name from an address; 0 for any number."""
    wide = per_minute * _FACTOR
    return Limits(Throttle(per_minute), Throttle(wide), Throttle(wide))


class Guesses:
    """Bounds how often passwords and codes may be guessed: of a name from an address, of a name
    from anywhere, and from an address for any name. Safe to use from any thread."""

    def __init__(
        self, limits: int | Limits, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """The limits, or so many failures a minute of a name from an address."""
        found = limits_of(limits) if isinstance(limits, int) else limits
        self._of_both = found.of_both
        self._of_name = found.of_name
        self._of_address = found.of_address
        self._monotonic = monotonic

    @contextmanager
    def counted(self, name: str, address: str | None) -> Iterator[None]:
        """Counts what the block raises for a wrong password or code.

        Raises `TooManyAttemptsError` where there were too many, without running the block.
        """
        # What answers before the REST API is there loads this module, and nothing of the REST API.
        from slipstream.api.errors import CodeNeededError, NotAllowedError, NotAuthenticatedError

        where = neighbourhood(address)
        buckets = (
            (self._of_both, f"{name}@{where}"),
            (self._of_name, name),
            (self._of_address, where),
        )
        self._take(buckets)
        failed = False
        try:
            yield
            self._of_both.forget(f"{name}@{where}")
        except (NotAuthenticatedError, NotAllowedError, InvalidInputError) as error:
            failed = not isinstance(error, CodeNeededError)
            raise
        finally:
            if not failed:
                for one, subject in buckets:
                    one.give_back(subject)

    def _take(self, buckets: Sequence[tuple[Counts, str]]) -> None:
        """Count an attempt before it is known how it ends: of many that come at once no more are
        to be tried than one after the other."""
        from slipstream.api.errors import TooManyAttemptsError

        now = self._monotonic()
        for at, (throttle, subject) in enumerate(buckets):
            wait = throttle.take(subject, now)
            if wait:
                for other, name in buckets[:at]:
                    other.give_back(name)
                raise TooManyAttemptsError(
                    f"Too many failed logins; try again in {wait} seconds.", wait
                )


def neighbourhood(address: str | None) -> str:
    """Whom an address stands for: a network of IPv6 has more addresses than anybody could count
    failures of, and is one customer's (RFC 6177)."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return address or ""
    if not isinstance(found, IPv6Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(ip_network((int(found), 64), strict=False) if mapped is None else mapped)


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

    def take(self, subject: str, now: float) -> int:
        """0 where another failure is allowed at `now` (seconds of any steady clock), which counts
        from here on; else the seconds until one is."""
        if not self._per_minute:
            return 0
        with self._lock:
            bucket = self._buckets.pop(subject, None)
            tokens = float(self._per_minute) if bucket is None else self._refilled(bucket, now)
            taken = tokens - 1 if tokens >= 1 else tokens
            self._buckets[subject] = _Bucket(taken, now)
            while len(self._buckets) > self._memory:
                self._buckets.popitem(last=False)
            return 0 if tokens >= 1 else math.ceil((1 - tokens) * 60 / self._per_minute)

    def give_back(self, subject: str) -> None:
        """What was taken was no failure."""
        with self._lock:
            bucket = self._buckets.get(subject)
            if bucket is not None:
                bucket.tokens = min(float(self._per_minute), bucket.tokens + 1)

    def forget(self, subject: str) -> None:
        """The subject succeeded: it starts afresh."""
        with self._lock:
            self._buckets.pop(subject, None)

    def _refilled(self, bucket: _Bucket, now: float) -> float:
        gained = max(0.0, now - bucket.filled_at) * self._per_minute / 60
        return min(float(self._per_minute), bucket.tokens + gained)
