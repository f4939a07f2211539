"""The rows that a store would hold after a machine's changes, kept in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from slipstream.model.attempt import Failed, Outcome, Skipped, Succeeded
from slipstream.model.changes import (
    Change,
    DeferralDropped,
    DeferralKept,
    InstanceChanged,
    InstancesAdded,
    MapExpanded,
    RangeChanged,
    RunChanged,
)
from slipstream.model.deferral import Deferral
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import FINISHED, TaskState


class Rows:
    """One run's rows."""

    def __init__(self, run: DagRun) -> None:
        self.run = run
        self.instances: dict[TaskKey, TaskInstance] = {}
        self.deferrals: dict[TaskKey, Deferral] = {}
        self.decisions: dict[TaskKey, dict[str, list[str]]] = {}
        self.pushed: dict[TaskKey, dict[str, int | None]] = {}
        """`{instance: {xcom key: length}}`."""

    def write(self, changes: Iterable[Change]) -> None:
        """Do what the store does with them."""
        for change in changes:
            match change:
                case InstancesAdded():
                    for added in change.instances:
                        assert added.key not in self.instances
                        self.instances[added.key] = added
                case MapExpanded():
                    self.expand(change)
                case RangeChanged():
                    for index in range(change.start, change.stop):
                        self.move(TaskKey(change.task_id, index), change)
                case InstanceChanged():
                    self.put(change)
                case DeferralKept():
                    self.deferrals[change.key] = change.deferral
                case DeferralDropped():
                    assert self.deferrals.pop(change.key), f"{change.key} never waited"
                case RunChanged():
                    assert change.run.reason
                    self.run = change.run
                case _:
                    pass

    def put(self, change: InstanceChanged) -> None:
        instance = change.instance
        assert instance.key in self.instances, f"{instance.key} was never added"
        assert instance.reason, f"{instance.key} became {instance.state} without a reason"
        self.instances[instance.key] = instance

    def note(self, key: TaskKey, outcome: Outcome) -> None:
        """The attempt pushed its values while it was running."""
        if isinstance(outcome, Succeeded | Failed | Skipped):
            values: dict[str, int | None] = dict(outcome.lengths)
            values.update({xcom.key: xcom.length for xcom in outcome.xcoms})
            self.pushed[key] = values

    def expand(self, change: MapExpanded) -> None:
        assert change.length > 0
        self.instances.pop(TaskKey(change.task_id), None)
        for index in range(change.length):
            key = TaskKey(change.task_id, index)
            assert key not in self.instances
            is_ready = change.state is TaskState.SCHEDULED
            self.instances[key] = TaskInstance(
                run_pk=self.run.pk,
                task_id=change.task_id,
                map_index=index,
                state=change.state,
                max_tries=change.max_tries,
                scheduled_at=change.at if is_ready else None,
                reason=change.reason,
            )

    def move(self, key: TaskKey, change: RangeChanged) -> None:
        assert change.reason
        before = self.instances[key]
        if change.state in FINISHED:
            after = replace(before, end_date=change.at, start_date=before.start_date or change.at)
        else:
            after = replace(before, scheduled_at=change.at)
        self.instances[key] = replace(after, state=change.state, reason=change.reason)

    def lengths(self) -> dict[TaskKey, dict[str, int]]:
        """What a snapshot says of the values that unmapped instances pushed."""
        return {
            key: {name: length for name, length in of.items() if length is not None}
            for key, of in self.pushed.items()
            if key.map_index == UNMAPPED
        }

    def counts(self) -> dict[str, dict[str, int]]:
        """What a snapshot says of the values that mapped instances pushed."""
        counts: dict[str, dict[str, int]] = {}
        for key, of in self.pushed.items():
            if key.map_index != UNMAPPED and self.instances[key].state in FINISHED:
                for name in of:
                    by_key = counts.setdefault(key.task_id, {})
                    by_key[name] = by_key.get(name, 0) + 1
        return counts
