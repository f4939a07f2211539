"""One run in memory: its row, its instances and what these have pushed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from slipstream.model.attempt import XComWrite
from slipstream.model.changes import (
    BEGUN,
    AssetsUpdated,
    CallbackOwed,
    DeferralDropped,
    DeferralKept,
    FieldsRendered,
    InputTimedOut,
    InstanceChanged,
    InstancesAdded,
    MapExpanded,
    RangeChanged,
    RowChange,
    RunChanged,
)
from slipstream.model.deferral import Deferral
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import FINISHED, LIVE, RunState, TaskState
from slipstream.store.records import BRANCH_DECISION_KEY, RunSnapshot
from slipstream.store.rows import to_decision


class ImpossibleWriteError(AssertionError):
    """The scheduler wrote what cannot be: its picture of the run is wrong."""


@dataclass(slots=True)
class MemoryRun:
    """A run. Writes that make no sense are `ImpossibleWriteError`s."""

    run: DagRun
    instances: dict[TaskKey, TaskInstance] = field(default_factory=dict)
    xcoms: dict[TaskKey, dict[str, XComWrite]] = field(default_factory=dict)
    """`{instance: {xcom key: what it pushed}}`."""
    deferrals: dict[TaskKey, Deferral] = field(default_factory=dict)

    def change(self, change: RowChange) -> None:
        """Take in one change of the scheduler's."""
        match change:
            case InstancesAdded():
                for instance in change.instances:
                    self._insert(instance)
            case MapExpanded():
                self._expand(change)
            case RangeChanged():
                for index in range(change.start, change.stop):
                    self._move(TaskKey(change.task_id, index), change)
            case InstanceChanged():
                before = self._known(change.instance.key)
                self.instances[before.key] = replace(change.instance, note=before.note)
                for xcom in change.xcoms:
                    self.push(before.key, xcom)
            case DeferralKept():
                _check_kept_once(self.deferrals.get(change.key), change)
                self.deferrals[change.key] = change.deferral
            case DeferralDropped():
                if self.deferrals.pop(change.key, None) is None:
                    raise ImpossibleWriteError(f"{change.key} was not deferred")
            case AssetsUpdated():
                if self._known(change.key).state is not TaskState.SUCCESS:
                    raise ImpossibleWriteError(f"{change.key} has not succeeded and updates assets")
            case InputTimedOut():
                if change.key not in self.deferrals:
                    raise ImpossibleWriteError(f"{change.key} waits for nobody")
            case FieldsRendered():
                self._known(change.key)  # For people to look at, of whom there are none here.
            case RunChanged():
                self.run = replace(change.run, revision=self.run.revision, note=self.run.note)
            case CallbackOwed(reason=reason) if reason == BEGUN:
                if self.run.state is not RunState.RUNNING:
                    raise ImpossibleWriteError(f"{change} of a run that is {self.run.state}")
            case CallbackOwed():
                ended = RunState.SUCCESS if change.succeeded else RunState.FAILED
                if change.instance is None and self.run.state is not ended:
                    raise ImpossibleWriteError(f"{change} of a run that is {self.run.state}")

    def edit(self, run: DagRun, instances: Sequence[TaskInstance]) -> None:
        """Take in what people want, as the next revision."""
        self.instances.update((instance.key, instance) for instance in instances)
        for instance in instances:
            if instance.state not in LIVE:
                self.deferrals.pop(instance.key, None)
        self.run = replace(run, revision=run.revision + 1)

    def push(self, key: TaskKey, xcom: XComWrite) -> None:
        """Keep what an instance pushed."""
        self.xcoms.setdefault(key, {})[xcom.key] = xcom

    def snapshot(self) -> RunSnapshot:
        """The run as it is now."""
        lengths: dict[TaskKey, dict[str, int]] = {}
        pushed: dict[str, dict[str, int]] = {}
        decisions: dict[TaskKey, dict[str, list[str]]] = {}
        for key, xcoms in self.xcoms.items():
            instance = self.instances.get(key)
            for name, xcom in xcoms.items():
                if name == BRANCH_DECISION_KEY:
                    decisions[key] = to_decision(xcom.value)
                if key.map_index == UNMAPPED:
                    if xcom.length is not None:
                        lengths.setdefault(key, {})[name] = xcom.length
                elif instance is not None and instance.state in FINISHED:
                    counts = pushed.setdefault(key.task_id, {})
                    counts[name] = counts.get(name, 0) + 1
        return RunSnapshot(
            run=self.run,
            instances=tuple(self.instances.values()),
            lengths=lengths,
            pushed=pushed,
            decisions=decisions,
            deferrals=dict(self.deferrals),
        )

    def _known(self, key: TaskKey) -> TaskInstance:
        if key not in self.instances:
            raise ImpossibleWriteError(f"{key} was changed before it was added")
        return self.instances[key]

    def _insert(self, instance: TaskInstance) -> None:
        if instance.key in self.instances:
            raise ImpossibleWriteError(f"{instance.key} was added twice")
        self.instances[instance.key] = instance

    def _expand(self, change: MapExpanded) -> None:
        if change.length < 1:
            raise ImpossibleWriteError(f"{change.task_id} was expanded to {change.length}")
        self.instances.pop(TaskKey(change.task_id), None)
        scheduled_at = change.at if change.state is TaskState.SCHEDULED else None
        for index in range(change.length):
            key = TaskKey(change.task_id, index)
            present = self.instances.get(key)
            if present is None:
                self._insert(
                    TaskInstance(
                        run_pk=self.run.pk,
                        task_id=change.task_id,
                        map_index=index,
                        max_tries=change.max_tries,
                        state=change.state,
                        scheduled_at=scheduled_at,
                        reason=change.reason,
                    )
                )
            else:
                self.instances[key] = replace(
                    present,
                    state=change.state,
                    reason=change.reason,
                    scheduled_at=scheduled_at or present.scheduled_at,
                )

    def _move(self, key: TaskKey, change: RangeChanged) -> None:
        before = self._known(key)
        if before.state in LIVE:
            raise ImpossibleWriteError(f"{key} is {before.state} and was moved with its map")
        after = replace(before, state=change.state, reason=change.reason)
        if change.state is TaskState.SCHEDULED:
            after = replace(after, scheduled_at=change.at)
        if change.state in FINISHED:
            after = replace(after, end_date=change.at, start_date=before.start_date or change.at)
        self.instances[key] = after


def _check_kept_once(known: Deferral | None, change: DeferralKept) -> None:
    is_same = known is not None and known.attempt_id == change.deferral.attempt_id
    if known is not None and is_same and known.event is not None:
        raise ImpossibleWriteError(f"{change.key} has the event of {known.attempt_id} already")
