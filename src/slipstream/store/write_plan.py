"""What a batch of a run's changes comes to in rows: as few and as wide statements as possible.

A plan is a list of steps in order. Within a step every instance has one row at most: of several
changes of an instance that come together only the last is written, and the attempts that it went
through meanwhile go to the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from slipstream.model.asset import AssetUpdate
from slipstream.model.attempt import XComWrite
from slipstream.model.changes import (
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
    RunChanged,
)
from slipstream.model.deferral import Deferral
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import TaskState
from slipstream.store.records import RunWrite

LEFT_BEHIND = frozenset({TaskState.NONE, TaskState.SCHEDULED})
"""States that say nothing of the instance's latest attempt: it is over."""


@dataclass(slots=True)
class Step:
    """Rows that can be written together: the inserts first, then the updates."""

    added: dict[TaskKey, TaskInstance] = field(default_factory=dict)
    changed: dict[TaskKey, TaskInstance] = field(default_factory=dict)
    whole_map: MapExpanded | RangeChanged | None = None
    """A change of a whole map, which stands in a step of its own."""
    leaving: list[TaskInstance] = field(default_factory=list)
    """New values of instances that may be leaving an attempt that only the database knows."""


@dataclass(slots=True)
class Plan:
    """Everything that one `RunWrite` writes."""

    run_pk: int
    seen_revision: int
    steps: list[Step] = field(default_factory=lambda: [Step()])
    xcoms: dict[tuple[TaskKey, str], XComWrite] = field(default_factory=dict)
    past: list[TaskInstance] = field(default_factory=list)
    """Instances as they were in an attempt that began and ended within this batch."""
    deferrals: dict[TaskKey, Deferral | None] = field(default_factory=dict)
    """What is to be kept of instances that wait or have waited; None: nothing any more."""
    rendered: dict[TaskKey, FieldsRendered] = field(default_factory=dict)
    updates: list[tuple[TaskKey, AssetUpdate]] = field(default_factory=list)
    """Assets that instances have updated."""
    timed_out: list[InputTimedOut] = field(default_factory=list)
    run: DagRun | None = None
    callbacks: list[CallbackOwed] = field(default_factory=list)


def plan_write(write: RunWrite) -> Plan:
    """The rows behind a run's changes."""
    plan = Plan(run_pk=write.run_pk, seen_revision=write.seen_revision)
    for change in write.changes:
        match change:
            case InstanceChanged(instance=instance, xcoms=xcoms):
                _change(plan, instance)
                for xcom in xcoms:
                    plan.xcoms[instance.key, xcom.key] = xcom
            case InstancesAdded(instances=instances):
                _add(plan, instances)
            case MapExpanded() | RangeChanged():
                plan.steps += [Step(whole_map=change), Step()]
            case DeferralKept(key=key, deferral=deferral):
                plan.deferrals[key] = deferral
            case DeferralDropped(key=key):
                plan.deferrals[key] = None
            case FieldsRendered(key=key):
                plan.rendered[key] = change
            case AssetsUpdated(key=key, updates=updates):
                plan.updates += [(key, update) for update in updates]
            case InputTimedOut():
                plan.timed_out.append(change)
            case RunChanged(run=run):
                plan.run = run
            case CallbackOwed():
                plan.callbacks.append(change)
            case _:
                assert_never(change)
    return plan


def _add(plan: Plan, instances: Sequence[TaskInstance]) -> None:
    if plan.steps[-1].changed:
        plan.steps.append(Step())
    plan.steps[-1].added.update((instance.key, instance) for instance in instances)


def _change(plan: Plan, instance: TaskInstance) -> None:
    step = plan.steps[-1]
    key = TaskKey(instance.task_id, instance.map_index)
    rows = step.added if key in step.added else step.changed
    before = rows.get(key)
    if before is None:
        if may_leave_an_attempt(instance):
            step.leaving.append(instance)
    elif _leaves(before, instance):
        plan.past.append(before)
    rows[key] = instance


def may_leave_an_attempt(instance: TaskInstance) -> bool:
    """Whether an instance with this new value can have had another attempt until now."""
    if instance.try_number == 0:
        return False
    return (
        instance.state in LEFT_BEHIND
        or instance.attempt_id is None
        or instance.state is TaskState.QUEUED
    )


def _leaves(before: TaskInstance, after: TaskInstance) -> bool:
    if before.attempt_id is None or before.state in LEFT_BEHIND:
        return False
    return after.state in LEFT_BEHIND or after.attempt_id != before.attempt_id
