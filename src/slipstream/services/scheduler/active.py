"""The runs that are in memory: their machines, and what these have said that is not written yet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, assert_never

from slipstream.core.admission import Admission
from slipstream.core.machine import RunMachine
from slipstream.core.transitions import TransitionError
from slipstream.model.changes import (
    AssetsUpdated,
    AttemptCancelled,
    CallbackOwed,
    Change,
    DeferralDropped,
    DeferralKept,
    FieldsRendered,
    InputTimedOut,
    InputWanted,
    InstanceChanged,
    InstancesAdded,
    MapExpanded,
    PastNeeded,
    RangeChanged,
    Ready,
    Refused,
    Released,
    RowChange,
    RunChanged,
    TimerSet,
    TriggerDropped,
    TriggerWanted,
    Unready,
)
from slipstream.model.dag import DagSpec
from slipstream.model.errors import NotFoundError
from slipstream.model.events import AttemptEnded, AttemptStarted, Event, TriggerEnded
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import FINISHED, LIVE, WAITS, RunState, TaskState
from slipstream.services.scheduler.inputs import Inputs
from slipstream.services.scheduler.keys import RunTimer, TimerKey
from slipstream.services.scheduler.outstanding import Outstanding
from slipstream.services.scheduler.past import PastQuestions
from slipstream.services.scheduler.timers import Timers
from slipstream.store.records import RunSnapshot, RunWrite

_log = logging.getLogger(__name__)

AttemptEvent: TypeAlias = AttemptStarted | AttemptEnded | TriggerEnded


@dataclass(slots=True)
class ActiveRun:
    """One run in memory. Everything below `revision` waits for the next commit."""

    machine: RunMachine
    revision: int
    rows: list[RowChange] = field(default_factory=list)
    unsaved: list[AttemptEvent] = field(default_factory=list)
    """The reports that the rows come from: told again should the rows not be written."""
    cancels: list[AttemptCancelled] = field(default_factory=list)
    triggers: dict[str, TriggerWanted | TriggerDropped] = field(default_factory=dict)
    """`{attempt that was deferred: whether its trigger is to run}`."""
    ended: set[str] = field(default_factory=set)
    """Tasks of which an instance reached an end."""
    owes_callbacks: bool = False
    """Whether callbacks are among what is to be written."""
    timers: set[RunTimer] = field(default_factory=set)
    withheld: set[TaskKey] = field(default_factory=set)
    """Ready instances that an earlier attempt has not let go of."""

    @property
    def pk(self) -> int:
        """The run's number."""
        return self.machine.run.pk

    @property
    def run(self) -> DagRun:
        """The run as it stands."""
        return self.machine.run

    @property
    def dag(self) -> DagSpec:
        """The DAG version that it keeps to."""
        return self.machine.dag

    def write(self) -> RunWrite:
        """What is to be written."""
        return RunWrite(self.pk, self.revision, tuple(self.rows))

    def saved(self) -> None:
        """The rows are written, and what they ask for is done."""
        if self.rows:
            self.revision += 1
        self.rows.clear()
        self.unsaved.clear()
        self.cancels.clear()
        self.triggers.clear()
        self.ended.clear()
        self.owes_callbacks = False


class ActiveRuns:
    """Feeds events to the machines and sees to what they answer."""

    def __init__(
        self,
        admission: Admission,
        timers: Timers[TimerKey],
        past: PastQuestions,
        inputs: Inputs,
        outstanding: Outstanding,
        is_paused: Callable[[str], bool],
        team: Callable[[str], str | None],
    ) -> None:
        self._admission = admission
        self._timers = timers
        self._past = past
        self._inputs = inputs
        self._outstanding = outstanding
        self._is_paused = is_paused
        self._team = team
        self._runs: dict[int, ActiveRun] = {}
        self.dirty: dict[int, ActiveRun] = {}
        """Runs with something to write or to do."""
        self.broken: list[ActiveRun] = []
        """Runs that were told what cannot be: their memory is wrong."""
        self.is_urgent = False
        """Whether what is to be written is more than that attempts have started."""

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[ActiveRun]:
        return iter(tuple(self._runs.values()))

    def get(self, run_pk: int) -> ActiveRun | None:
        """A run, if it is in memory."""
        return self._runs.get(run_pk)

    def open(self, snapshot: RunSnapshot, dag: DagSpec, now: datetime) -> ActiveRun:
        """Take a queued or running run into memory."""
        run = snapshot.run
        machine = RunMachine.restore(
            dag,
            run,
            snapshot.instances,
            snapshot.lengths,
            snapshot.pushed,
            snapshot.decisions,
            snapshot.deferrals,
        )
        active = self._runs[run.pk] = ActiveRun(machine, run.revision)
        self._admission.add_run(run, dag, self._team(run.dag_id))
        for instance in snapshot.instances:
            if instance.state in LIVE:
                self._admission.hold(run.pk, instance.key)
            elif instance.state in WAITS:
                self._admission.hold(run.pk, instance.key, waits=instance.state)
        if run.state is RunState.RUNNING:
            self._follow(active, machine.resume(now))
            self.is_urgent = True
        return active

    def close(self, run_pk: int) -> None:
        """Forget a run, written or not."""
        self.suspend(run_pk)
        self._admission.drop_run(run_pk)

    def suspend(self, run_pk: int) -> None:
        """Forget a run's machine. What it holds stays held until the run is opened or closed."""
        active = self._runs.pop(run_pk, None)
        self.dirty.pop(run_pk, None)
        if active is None:
            return
        self._admission.withdraw_all(run_pk)
        self._past.forget(active.run)
        for timer in active.timers:
            self._timers.drop(timer)

    def feed(self, active: ActiveRun, event: Event) -> None:
        """Tell the run's machine, and follow its answer."""
        if isinstance(event, AttemptStarted) and not _expects_start(active.machine, event):
            return
        try:
            changes = active.machine.handle(event)
        except NotFoundError:
            # The run was cut to a smaller shape since: what was reported is no part of it.
            changes = []
            if isinstance(event, TriggerEnded):
                changes = [TriggerDropped(event.key, event.attempt_id)]
        except TransitionError:
            _log.exception("Run %s of %s is read again.", active.run.run_id, active.run.dag_id)
            self.broken.append(active)
            return
        self._follow(active, changes)
        if isinstance(event, AttemptStarted):
            active.unsaved.append(event)
            return
        if isinstance(event, AttemptEnded | TriggerEnded):
            active.unsaved.append(event)
        self.is_urgent = True

    def offer_again(self, dag_id: str) -> None:
        """The DAG was unpaused: let its ready instances wait for places."""
        for active in self:
            if active.run.dag_id == dag_id and active.run.state is RunState.RUNNING:
                self._admission.withdraw_all(active.pk)
                ready = (
                    key for key, state in active.machine.states() if state is TaskState.SCHEDULED
                )
                for key, count in _ranges(ready):
                    self._offer(active, key, count)

    def withdraw(self, dag_id: str) -> None:
        """The DAG was paused: nothing more of it is admitted."""
        for active in self:
            if active.run.dag_id == dag_id:
                self._admission.withdraw_all(active.pk)

    def let_go(self, run_pk: int, key: TaskKey) -> None:
        """An attempt of that instance that was told to end is gone."""
        active = self._runs.get(run_pk)
        if active is not None and key in active.withheld:
            active.withheld.remove(key)
            self._offer(active, key, 1)

    def _offer(self, active: ActiveRun, key: TaskKey, count: int) -> None:
        """Let ready instances wait for places, as far as they may."""
        if active.run.state is not RunState.RUNNING or self._is_paused(active.run.dag_id):
            return
        dying = self._outstanding.dying(active.pk)
        if not dying:
            self._admission.offer(active.pk, key, count)
            return
        withheld = dying.intersection(_keys(key, count))
        active.withheld |= withheld
        for first, number in _ranges(one for one in _keys(key, count) if one not in withheld):
            self._admission.offer(active.pk, first, number)

    def _follow(self, active: ActiveRun, changes: list[Change]) -> None:
        if changes:
            self.dirty[active.pk] = active
        for change in changes:
            match change:
                case InstanceChanged():
                    active.rows.append(change)
                    if change.instance.state in FINISHED:
                        active.ended.add(change.instance.task_id)
                case Ready():
                    self._offer(active, change.key, change.count)
                case Released():
                    self._admission.release(active.pk, change.key, waits=change.waits)
                case InstancesAdded() | MapExpanded() | RunChanged():
                    active.rows.append(change)
                case RangeChanged():
                    active.rows.append(change)
                    if change.state in FINISHED:
                        active.ended.add(change.task_id)
                case CallbackOwed():
                    active.rows.append(change)
                    active.owes_callbacks = True
                case Unready():
                    if active.withheld:
                        active.withheld.difference_update(_keys(change.key, change.count))
                    self._admission.withdraw(active.pk, change.key, change.count)
                case TimerSet():
                    timer = RunTimer(active.pk, change.kind, change.key)
                    active.timers.add(timer)
                    self._timers.set(timer, change.at)
                case AttemptCancelled():
                    active.cancels.append(change)
                case InputWanted():
                    self._inputs.look(change.attempt_id)
                case DeferralKept() | DeferralDropped() | FieldsRendered():
                    active.rows.append(change)
                case AssetsUpdated() | InputTimedOut():
                    active.rows.append(change)
                case TriggerWanted():
                    active.triggers[change.deferral.attempt_id] = change
                case TriggerDropped():
                    active.triggers[change.attempt_id] = change
                case PastNeeded():
                    self._past.ask(active.run, active.dag, change.key)
                case Refused():
                    continue
                case _:
                    assert_never(change)


def _expects_start(machine: RunMachine, event: AttemptStarted) -> bool:
    """False for a start that was told before: it may come again after a write that failed."""
    try:
        return machine.state(event.key) is not TaskState.RUNNING
    except NotFoundError:
        return False


def _keys(first: TaskKey, count: int) -> Iterator[TaskKey]:
    """`first` and the `count - 1` map indexes after it."""
    return (TaskKey(first.task_id, first.map_index + more) for more in range(count))


def _ranges(keys: Iterable[TaskKey]) -> Iterator[tuple[TaskKey, int]]:
    """Keys in order, as `(first, count)` of neighbouring map indexes."""
    first: TaskKey | None = None
    count = 0
    for key in keys:
        if (
            first is not None
            and key.task_id == first.task_id
            and first.map_index != UNMAPPED
            and key.map_index == first.map_index + count
        ):
            count += 1
            continue
        if first is not None:
            yield first, count
        first, count = key, 1
    if first is not None:
        yield first, count
