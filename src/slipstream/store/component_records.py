"""What works for the deployment, and what is asked of it, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from slipstream.store.records import Range


class JobState(StrEnum):
    """How a component is, by the last word of it."""

    RUNNING = "running"
    SUCCESS = "success"
    """It was ended."""
    FAILED = "failed"
    """It died, and its successor has found that out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A component from its start to its end."""

    pk: int
    job: str
    """`scheduler`, `triggerer`, `dag_processor`."""
    hostname: str
    pid: int
    unixname: str
    state: JobState
    started_at: datetime
    latest: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs. None does not restrict."""

    jobs: Sequence[str] | None = None
    state: str | None = None
    hostname: str | None = None
    latest_since: datetime | None = None
    """Those that run and have said since then that they live."""
    latest_before: datetime | None = None
    """All others."""
    started_at: Range = field(default_factory=Range)
    ended_at: Range = field(default_factory=Range)


class TrialState(StrEnum):
    """How far a test of a connection is."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionTrial:
    """A test of a connection that somebody has asked for."""

    conn_id: str
    state: TrialState
    message: str | None
    created_at: datetime
