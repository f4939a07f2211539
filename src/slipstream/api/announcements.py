"""What listeners of plugins hear of that operations do: marks, and updates of assets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from slipstream.api.plugin_apps.happenings import (
    AssetReported,
    Happening,
    InstanceMarked,
    RunMarked,
)
from slipstream.model.asset import AssetEvent, AssetRecord
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RunState, TaskState
from slipstream.store.interface import Store
from slipstream.store.records import InstanceFilter, InstanceInRun

Announce: TypeAlias = Callable[[Happening], None]
"""Tells listeners, soon; returns at once. None stands for nobody that could listen."""

_ACTIVE = (TaskState.RUNNING, TaskState.DEFERRED, TaskState.UP_FOR_RESCHEDULE)
_OF_RUN = {RunState.SUCCESS: TaskState.SUCCESS, RunState.FAILED: TaskState.FAILED}
"""What a run's mark makes of task instances that are at work."""


def announce_instances(
    announce: Announce | None, store: Store, marked: Iterable[InstanceInRun]
) -> None:
    """Tell that these have been marked."""
    if announce is None:
        return
    for entry in marked:
        tasks = store.get_version(entry.run.version_id).spec.tasks
        task = tasks.get(entry.instance.task_id)
        operator = "" if task is None else task.operator_name
        announce(InstanceMarked(instance=entry.instance, run=entry.run, operator=operator))


def at_work(announce: Announce | None, store: Store, run: DagRun) -> Sequence[TaskKey]:
    """What the run's mark will end."""
    if announce is None:
        return ()
    which = InstanceFilter(dag_ids=[run.dag_id], run_ids=[run.run_id], states=_ACTIVE)
    return [entry.instance.key for entry in store.iterate_instances(which)]


def announce_run(
    announce: Announce | None, store: Store, run: DagRun, worked: Sequence[TaskKey]
) -> None:
    """Tell that a run has been marked, and of those task instances that this has ended."""
    if announce is None:
        return
    if worked and (state := _OF_RUN.get(run.state)) is not None:
        which = InstanceFilter(dag_ids=[run.dag_id], run_ids=[run.run_id], states=[state])
        ended = [one for one in store.iterate_instances(which) if one.instance.key in set(worked)]
        announce_instances(announce, store, ended)
    announce(RunMarked(run=run))


def announce_update(announce: Announce | None, asset: AssetRecord, event: AssetEvent) -> None:
    """Tell that an update of an asset has been reported."""
    if announce is not None:
        announce(AssetReported(event=event, asset_extra=dict(asset.extra)))
