"""What the run machine decides: its outputs, for the scheduler to write and act on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from slipstream.model.attempt import XComWrite
from slipstream.model.events import TimerKind
from slipstream.model.run import DagRun, TaskInstance, TaskKey


@dataclass(frozen=True, slots=True)
class InstancesAdded:
    """New task instances to insert, already in the state that they begin in."""

    instances: tuple[TaskInstance, ...]


@dataclass(frozen=True, slots=True)
class MapExpanded:
    """A mapped task has `length` instances (`range(length)`), all in state `NONE`.

    The unmapped placeholder row, where there is one, is replaced. A length of 0 leaves the
    placeholder, which then is skipped by an `InstanceChanged`.
    """

    task_id: str
    length: int
    max_tries: int


@dataclass(frozen=True, slots=True)
class InstanceChanged:
    """A task instance's new value, with the reason in it."""

    instance: TaskInstance
    xcoms: tuple[XComWrite, ...] = ()


@dataclass(frozen=True, slots=True)
class RunChanged:
    """The run's new value, with the reason in it."""

    run: DagRun


@dataclass(frozen=True, slots=True)
class Ready:
    """An instance waits for admission. Admission looks up pool, slots and weight in its task."""

    key: TaskKey


@dataclass(frozen=True, slots=True)
class Unready:
    """An instance no longer waits for admission."""

    key: TaskKey


@dataclass(frozen=True, slots=True)
class Released:
    """An instance that was admitted holds no places any more."""

    key: TaskKey


@dataclass(frozen=True, slots=True)
class TimerSet:
    """Wake the machine at that moment with `TimerFired(kind, at, key)`. Replaces an earlier one."""

    kind: TimerKind
    at: datetime
    key: TaskKey | None = None


@dataclass(frozen=True, slots=True)
class AttemptCancelled:
    """The executor must end this attempt and then report `Cancelled`."""

    key: TaskKey
    attempt_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PastNeeded:
    """Whether the previous run lets this instance go on must be looked up: `PastSettled`.

    The scheduler asks the store, answers at once where it can, and again whenever an instance of
    that task in the previous run ends.
    """

    key: TaskKey
    wait_for_downstream: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A report that the fence turned away: it came from an attempt that no longer counts."""

    key: TaskKey
    attempt_id: str
    reason: str


Change: TypeAlias = (
    InstancesAdded
    | MapExpanded
    | InstanceChanged
    | RunChanged
    | Ready
    | Unready
    | Released
    | TimerSet
    | AttemptCancelled
    | PastNeeded
    | Refused
)
