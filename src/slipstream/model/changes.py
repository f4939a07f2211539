"""What the run machine decides: its outputs, for the scheduler to write and act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from slipstream.model.asset import AssetUpdate
from slipstream.model.attempt import XComWrite
from slipstream.model.deferral import Deferral, TriggerEnd
from slipstream.model.events import TimerKind
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import TaskState


@dataclass(frozen=True, slots=True)
class InstancesAdded:
    """New task instances to insert, already in the state that they begin in."""

    instances: tuple[TaskInstance, ...]


@dataclass(frozen=True, slots=True)
class MapExpanded:
    """A mapped task has `length` instances (`range(length)`, at least one), all in one state.

    The unmapped placeholder row, where there is one, is replaced. A map without instances is no
    `MapExpanded`: its placeholder stays and is skipped by an `InstanceChanged`.
    """

    task_id: str
    length: int
    max_tries: int
    state: TaskState = TaskState.NONE
    """`NONE`, or `SCHEDULED` where nothing holds the instances back."""
    at: datetime | None = None
    """The moment; `scheduled_at` of the instances where they are `SCHEDULED`."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RangeChanged:
    """Instances `start` to `stop - 1` of a mapped task go to `state` together.

    None of them holds an attempt. Their other fields stay, save for what the state says:
    `SCHEDULED` sets `scheduled_at`; a finished state sets `end_date`, and `start_date` where there
    is none yet. It stands for `stop - start` times `InstanceChanged` in one statement.
    """

    task_id: str
    start: int
    stop: int
    state: TaskState
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class InstanceChanged:
    """A task instance's new value, with the reason in it."""

    instance: TaskInstance
    xcoms: tuple[XComWrite, ...] = ()


@dataclass(frozen=True, slots=True)
class AssetsUpdated:
    """A task instance has succeeded and so updated these assets."""

    key: TaskKey
    updates: tuple[AssetUpdate, ...]


@dataclass(frozen=True, slots=True)
class RunChanged:
    """The run's new value, with the reason in it."""

    run: DagRun


BEGUN = "started"
"""Airflow's word for what listeners are told when a run begins."""


@dataclass(frozen=True, slots=True)
class CallbackOwed:
    """Callbacks that no task's process is there to call; kept until they have been called."""

    succeeded: bool
    reason: str
    """Of the DAG's own: Airflow's word for how the run ended, or `BEGUN`. Of a task's: what
    happened."""
    instance: TaskInstance | None = None
    """The task instance, in the attempt that nobody speaks for; None for the DAG's own."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Instances wait for admission: `key`, and for a map the `count - 1` indexes after it.

    Admission looks up pool, slots and weight in the task.
    """

    key: TaskKey
    count: int = 1


@dataclass(frozen=True, slots=True)
class Unready:
    """Instances no longer wait for admission; `count` as in `Ready`."""

    key: TaskKey
    count: int = 1


@dataclass(frozen=True, slots=True)
class Released:
    """An instance that was admitted holds no places any more.

    One that waits for a trigger or for people, which is the state `waits`, keeps those under its
    task's own limits, and with a trigger its slots in a pool that counts deferred tasks, until it
    is ready again, or finished, which is said by a second `Released`.
    """

    key: TaskKey
    waits: TaskState | None = None


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
class DeferralKept:
    """How an instance waits, or how it goes on now that it has waited."""

    key: TaskKey
    deferral: Deferral


@dataclass(frozen=True, slots=True)
class DeferralDropped:
    """The instance's try is over, or begins anew: how it waited means nothing any more."""

    key: TaskKey


@dataclass(frozen=True, slots=True)
class FieldsRendered:
    """The template fields of an attempt as they were rendered, for people to look at."""

    key: TaskKey
    attempt_id: str
    fields: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class TriggerWanted:
    """The triggerer must run the trigger of a deferred instance, and answer by `TriggerEnded`."""

    key: TaskKey
    deferral: Deferral


@dataclass(frozen=True, slots=True)
class TriggerDropped:
    """Nothing waits on the trigger any more: its end is written, or the wait was ended."""

    key: TaskKey
    attempt_id: str
    counted: TriggerEnd | None = None
    """The trigger's end, where that is what ended the wait."""


@dataclass(frozen=True, slots=True)
class InputWanted:
    """Whether people have answered this instance must be looked up, now and when they do:
    `InputGiven`. `attempt_id` is the attempt that asked."""

    key: TaskKey
    attempt_id: str


@dataclass(frozen=True, slots=True)
class InputTimedOut:
    """Nobody has answered in time. Not written, with all that goes with it, where somebody has."""

    key: TaskKey
    attempt_id: str
    """The attempt that asked."""
    at: datetime
    default: str | None
    """What counts as the answer, as JSON text; None where there is no default."""


@dataclass(frozen=True, slots=True)
class PastNeeded:
    """Whether the previous run lets this instance go on must be looked up: `PastSettled`.

    The scheduler asks the store, answers at once where it can, and again whenever an instance of
    that task in the previous run ends.
    """

    key: TaskKey


@dataclass(frozen=True, slots=True)
class Refused:
    """A report that the fence turned away: it came from an attempt that no longer counts."""

    key: TaskKey
    attempt_id: str
    reason: str


RowChange: TypeAlias = (
    InstancesAdded
    | MapExpanded
    | RangeChanged
    | InstanceChanged
    | DeferralKept
    | DeferralDropped
    | FieldsRendered
    | AssetsUpdated
    | InputTimedOut
    | RunChanged
    | CallbackOwed
)
"""What is written."""

Change: TypeAlias = (
    RowChange
    | Ready
    | Unready
    | Released
    | TimerSet
    | AttemptCancelled
    | TriggerWanted
    | TriggerDropped
    | InputWanted
    | PastNeeded
    | Refused
)
