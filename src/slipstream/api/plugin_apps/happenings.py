"""What happens in the server that listeners of plugins are told of, as messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

import msgspec

from slipstream.model.asset import AssetEvent
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import RunState, TaskState


class ComponentChanged(msgspec.Struct, frozen=True, kw_only=True, tag="component"):
    """A component of the server starts or stops. It is answered with `Served`."""

    number: int
    hook: str
    name: str


class InstanceMarked(msgspec.Struct, frozen=True, kw_only=True, tag="instance"):
    """Somebody gave a task instance this state by hand, or its run while it was running."""

    instance: TaskInstance
    run: DagRun
    operator: str

    @property
    def hook(self) -> str | None:
        """Which listeners want to know; None where Airflow has no hook for the state."""
        return _INSTANCE_HOOKS.get(self.instance.state)


class RunMarked(msgspec.Struct, frozen=True, kw_only=True, tag="run"):
    """Somebody gave a run this state by hand."""

    run: DagRun

    @property
    def hook(self) -> str | None:
        """Which listeners want to know; None for a run that begins again: it will be told of."""
        return _RUN_HOOKS.get(self.run.state)


class AssetAppeared(msgspec.Struct, frozen=True, kw_only=True, tag="asset"):
    """A DAG file mentions an asset that there was not."""

    name: str
    uri: str
    group: str
    extra: Mapping[str, JsonValue]

    hook = "on_asset_created"


class AliasAppeared(msgspec.Struct, frozen=True, kw_only=True, tag="alias"):
    """A DAG file mentions an alias that there was not."""

    name: str
    group: str

    hook = "on_asset_alias_created"


class AssetReported(msgspec.Struct, frozen=True, kw_only=True, tag="asset_event"):
    """Somebody reported an update of an asset."""

    event: AssetEvent
    asset_extra: Mapping[str, JsonValue]

    hook = "on_asset_changed"
    hook_with_more = "on_asset_event_emitted"


class FileFailed(msgspec.Struct, frozen=True, kw_only=True, tag="import_error"):
    """A DAG file cannot be loaded."""

    filename: str
    stacktrace: str
    is_new: bool
    """Whether it was well before, or not there."""

    @property
    def hook(self) -> str:
        """Which listeners want to know."""
        return "on_new_dag_import_error" if self.is_new else "on_existing_dag_import_error"


Happening: TypeAlias = (
    InstanceMarked | RunMarked | AssetAppeared | AliasAppeared | AssetReported | FileFailed
)


def hooks_of(happening: Happening) -> Collection[str]:
    """The hooks that the listeners to tell have."""
    if isinstance(happening, AssetReported):
        return happening.hook, happening.hook_with_more
    return () if happening.hook is None else (happening.hook,)


_INSTANCE_HOOKS: Mapping[TaskState, str] = {
    TaskState.SUCCESS: "on_task_instance_success",
    TaskState.FAILED: "on_task_instance_failed",
    TaskState.SKIPPED: "on_task_instance_skipped",
}
_RUN_HOOKS: Mapping[RunState, str] = {
    RunState.SUCCESS: "on_dag_run_success",
    RunState.FAILED: "on_dag_run_failed",
}
COMPONENT_HOOKS = ("on_starting", "before_stopping")
SERVER_HOOKS = (
    *COMPONENT_HOOKS,
    *_INSTANCE_HOOKS.values(),
    *_RUN_HOOKS.values(),
    AssetAppeared.hook,
    AliasAppeared.hook,
    AssetReported.hook,
    AssetReported.hook_with_more,
    "on_new_dag_import_error",
    "on_existing_dag_import_error",
)
"""The hooks that something in the server calls."""
