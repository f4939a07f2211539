"""What the store takes and gives of deadlines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ReckonedDeadline:
    """By when a run has to be done, by one of its DAG's deadlines."""

    position: int
    """Which of the DAG's."""
    name: str | None
    due_at: datetime | None
    """None where the run has no such deadline."""
    is_renewed: bool = False
    """Whether it counts anew when the run is queued again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineRecord:
    """A deadline of a run: open, missed, or met."""

    number: int
    run_pk: int
    dag_id: str
    run_id: str
    position: int
    name: str | None
    due_at: datetime
    missed_at: datetime | None = None
    met_at: datetime | None = None
    """When the run had ended before it."""
