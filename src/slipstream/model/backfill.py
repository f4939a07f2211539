"""Backfills: the runs of a stretch of time, made anew or for the first time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from slipstream.model.json import JsonValue


class ReprocessBehavior(StrEnum):
    """What becomes of a run that is there already for a date of the backfill."""

    FAILED = "failed"
    """One that has failed runs again."""
    COMPLETED = "completed"
    """One that has ended runs again."""
    NONE = "none"
    """It is left alone."""


class BackfillSkip(StrEnum):
    """Why there is no run of the backfill for one of its dates."""

    ALREADY_EXISTS = "already exists"
    IN_FLIGHT = "in flight"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """A backfill, and how far it has come. All times are aware UTC datetimes."""

    pk: int
    """The number under which people know it."""
    dag_id: str
    from_date: datetime
    to_date: datetime
    conf: Mapping[str, JsonValue] | None = None
    """The conf of its runs."""
    reprocess: ReprocessBehavior = ReprocessBehavior.NONE
    max_active_runs: int = 10
    run_backwards: bool = False
    on_latest_version: bool = True
    """Whether runs that run again go on with the DAG's latest version."""
    is_paused: bool = False
    triggering_user: str | None = None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None
    """When its last run had ended, or it was cancelled."""


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """What has become of the dates of a backfill."""

    total: int
    waiting: int
    """Dates for which there is no run yet."""
    runs: Mapping[str, int] = field(default_factory=dict)
    """`{state: runs}` of those that there are."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    """`{why: dates}` for which there will be none."""
