"""By when a run has to be done: what a DAG says of it, and what becomes of it in a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class DeadlineKind(StrEnum):
    """What a deadline is counted from."""

    LOGICAL_DATE = "logical_date"
    QUEUED_AT = "queued_at"
    FIXED = "fixed"
    AVERAGE_RUNTIME = "average_runtime"
    CUSTOM = "custom"
    """Code of the DAG's author says it, in a child process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineSpec:
    """One of a DAG's deadlines; its callback is known to the DAG's own code, by its place."""

    kind: DeadlineKind
    interval: timedelta | None
    """How long after that; None where a variable says it, which is asked in a child process."""
    at: datetime | None = None
    """`FIXED`: the moment."""
    max_runs: int = 0
    """`AVERAGE_RUNTIME`: how many of the latest runs count …"""
    min_runs: int = 0
    """… and how many there must be, that there is a deadline."""
    name: str | None = None
    when_queued: bool = False
    """Whether it is reckoned anew whenever the run is queued again."""

    @property
    def is_asked(self) -> bool:
        """Whether code of the DAG's author has to be asked."""
        return self.kind is DeadlineKind.CUSTOM or self.interval is None
