"""What listeners are told of a task, in its own process or in one that speaks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from slipstream.model.states import TaskState
from slipstream.sdk._assets import Asset, AssetAlias
from slipstream.sdk._context import Context
from slipstream.sdk._listeners import TaskRunnerMarker, is_anybody_listening, tell
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._asset_events import AssetAliasEvent


_Change: TypeAlias = "tuple[Asset, Mapping[str, UserValue], list[AssetAlias]]"
"""An asset, what was said with its change, and the aliases that it was found through."""


def starting() -> None:
    """The process has its attempt."""
    tell("on_starting", component=TaskRunnerMarker())


def running(context: Context) -> None:
    """The task is about to be executed."""
    tell(
        "on_task_instance_running",
        previous_state=TaskState.QUEUED,
        task_instance=context["ti"],
    )


def ended(state: TaskState, context: Context) -> None:
    """A try ended in this state."""
    hook = _HOOKS.get(state)
    if hook is None:
        return
    more = {"error": context.get("exception")} if hook == _FAILED else {}
    tell(hook, previous_state=TaskState.RUNNING, task_instance=context["ti"], **more)
    if state is TaskState.SUCCESS:
        _assets_changed(context)


def _assets_changed(context: Context) -> None:
    """The task has succeeded: what it names as outlets has changed."""
    hooks = ("on_asset_changed", "on_asset_event_emitted")
    if not any(map(is_anybody_listening, hooks)):
        return
    # With its module comes pluggy, which no process of a task should hold for nothing.
    from slipstream.sdk._listener_specs import AssetEvent

    ti = context["ti"]
    events = context["outlet_events"]
    for outlet in context["task"].outlets:
        if isinstance(outlet, Asset):
            changed: list[_Change] = [(outlet, events[outlet].extra, [])]
        elif isinstance(outlet, AssetAlias):
            changed = [
                (_found(event), event.extra, [outlet])
                for event in events[outlet].asset_alias_events
            ]
        else:
            continue
        for asset, extra, aliases in changed:
            tell("on_asset_changed", asset=asset)
            event = AssetEvent(
                asset=asset,
                extra=dict(extra),
                source_dag_id=ti.dag_id,
                source_task_id=ti.task_id,
                source_run_id=ti.run_id,
                source_map_index=ti.map_index,
                source_aliases=aliases,
            )
            tell("on_asset_event_emitted", asset_event=event)


def _found(event: AssetAliasEvent) -> Asset:
    """The asset that was updated through an alias."""
    key = event.dest_asset_key
    return Asset(name=key.name, uri=key.uri, extra=dict(event.dest_asset_extra))


def stopping() -> None:
    """The process is about to exit."""
    tell("before_stopping", component=TaskRunnerMarker())


_FAILED = "on_task_instance_failed"
_HOOKS = {
    TaskState.SUCCESS: "on_task_instance_success",
    TaskState.SKIPPED: "on_task_instance_skipped",
    TaskState.UP_FOR_RETRY: _FAILED,
    TaskState.FAILED: _FAILED,
}
