"""Letting task instances run again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from slipstream.cli.asking import confirm
from slipstream.cli.deployment import Deployment
from slipstream.model.run import TaskKey
from slipstream.model.states import TaskState
from slipstream.store.interface import InstanceInRun
from slipstream.store.markers import with_marked


def clear_instances(
    deployment: Deployment,
    named: Sequence[InstanceInRun],
    states: Collection[TaskState] | None,
    *,
    yes: bool,
    dry_run: bool = False,
) -> None:
    """Clear them after a confirmation; a running server starts them at once. A dry run lists them.

    With them, what their markers lead to in other DAGs, in one of `states` (None for any).
    """
    found = with_marked(
        deployment.store, named, lambda entry: states is None or entry.instance.state in states
    )
    if not found:
        print("There is nothing to clear.")
        return
    by_run: defaultdict[int, list[TaskKey]] = defaultdict(list)
    for entry in found:
        by_run[entry.run.pk].append(entry.instance.key)
    if dry_run or not yes:
        for entry in found:
            print(f"  {describe(entry)}  {entry.instance.state.value}")
    if dry_run:
        print(f"{len(found)} task instances of {len(by_run)} runs would run again.")
        return
    confirm(f"These {len(found)} task instances will run again. Go on?", yes=yes)
    cleared = sum(
        len(deployment.store.clear_instances(run_pk, keys)) for run_pk, keys in by_run.items()
    )
    print(f"Cleared {cleared} task instances of {len(by_run)} runs.")


def describe(entry: InstanceInRun) -> str:
    """A task instance as people write it down."""
    index = f" [{entry.instance.map_index}]" if entry.instance.map_index >= 0 else ""
    return f"{entry.run.dag_id} {entry.run.run_id} {entry.instance.task_id}{index}"
