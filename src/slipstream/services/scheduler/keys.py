"""What the scheduler can be woken for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from slipstream.model.events import TimerKind
from slipstream.model.run import TaskKey


@dataclass(frozen=True, slots=True)
class RunTimer:
    """What a run's machine asked to be woken for."""

    run_pk: int
    kind: TimerKind
    key: TaskKey | None


@dataclass(frozen=True, slots=True)
class NewsTimer:
    """Something has ended that an instance waits for."""

    run_pk: int
    key: TaskKey


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A waiting run's `run_after` comes."""

    run_pk: int


@dataclass(frozen=True, slots=True)
class DagTimer:
    """A DAG's next run by its timetable is due."""

    dag_id: str


@dataclass(frozen=True, slots=True)
class AskTimer:
    """A DAG's own partition mappers are to be asked again."""

    dag_id: str


@dataclass(frozen=True, slots=True)
class DeadlineTimer:
    """A run's deadline comes."""

    number: int


class LoopTimer(StrEnum):
    """What the loop does for itself."""

    SAVE_STARTS = "save starts"
    TRY_STORE = "try the store again"


TimerKey: TypeAlias = (
    RunTimer | NewsTimer | DueTimer | DagTimer | AskTimer | DeadlineTimer | LoopTimer
)
