"""What can happen to a run: the inputs of the run machine.

Events carry the moment they happened, so that the machine needs no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from slipstream.model.attempt import Outcome
from slipstream.model.deferral import TriggerEnd
from slipstream.model.json import JsonValue
from slipstream.model.run import TaskKey


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run left the queue: its first tasks may be decided."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Admitted:
    """Admission gave a ready instance its places; the attempt is queued under this id."""

    key: TaskKey
    attempt_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """The task's process has begun."""

    key: TaskKey
    attempt_id: str
    at: datetime
    hostname: str = ""
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """The task's process has reported its end, or is known to be gone."""

    key: TaskKey
    attempt_id: str
    at: datetime
    outcome: Outcome
    rendered: Mapping[str, JsonValue] | None = None
    """The rendered template fields, without secrets, if the task came that far."""


class TimerKind(StrEnum):
    """What a run can wait for."""

    RETRY = "retry"
    RESCHEDULE = "reschedule"
    TASK_START_DATE = "task_start_date"
    TRIGGER_TIMEOUT = "trigger_timeout"
    INPUT_TIMEOUT = "input_timeout"
    RUN_TIMEOUT = "run_timeout"


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A moment that the machine asked for has come. `key` is None for the run's own timers."""

    kind: TimerKind
    at: datetime
    key: TaskKey | None = None


@dataclass(frozen=True, slots=True)
class Woken:
    """Something has ended that a rescheduled instance waits for: it need not wait any longer."""

    key: TaskKey
    at: datetime


@dataclass(frozen=True, slots=True)
class PastSettled:
    """The answer to `PastNeeded`: whether the previous run lets this instance go on."""

    key: TaskKey
    at: datetime
    satisfied: bool
    reason: str = ""
    failed_for_good: bool = False


@dataclass(frozen=True, slots=True)
class TriggerEnded:
    """The trigger that a deferred instance waits on has come to its end."""

    key: TaskKey
    attempt_id: str
    """The attempt that was deferred; an end for any other is refused."""
    at: datetime
    end: TriggerEnd


@dataclass(frozen=True, slots=True)
class InputGiven:
    """The answer to `InputWanted`: what people have said to the instance that asked them."""

    key: TaskKey
    attempt_id: str
    """The attempt that asked; an answer to any other is refused."""
    at: datetime
    payload: str
    """What the task goes on with, as JSON text."""


Event: TypeAlias = (
    RunStarted
    | Admitted
    | AttemptStarted
    | AttemptEnded
    | TimerFired
    | Woken
    | PastSettled
    | TriggerEnded
    | InputGiven
)
