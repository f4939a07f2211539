"""What plugins can listen to: the hooks, with the arguments that each is called with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import pluggy

from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.model.states import TaskState
    from slipstream.sdk._assets import Asset, AssetAlias
    from slipstream.sdk._dag_run import DagRun
    from slipstream.sdk._task_instance import TaskInstance

PROJECT = "airflow"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks the functions of a listener."""


@hookspec
def on_starting(component: object) -> None:
    """A component of the server, or a task's process, starts. Called before everything else."""


@hookspec
def before_stopping(component: object) -> None:
    """A component of the server, or a task's process, stops. Called after everything else."""


@hookspec
def on_task_instance_running(previous_state: TaskState | None, task_instance: TaskInstance) -> None:
    """A task is about to be executed; its templates are rendered."""


@hookspec
def on_task_instance_success(previous_state: TaskState | None, task_instance: TaskInstance) -> None:
    """A task has succeeded, and its callbacks were called."""


@hookspec
def on_task_instance_failed(
    previous_state: TaskState | None,
    task_instance: TaskInstance,
    error: str | BaseException | None,
) -> None:
    """A try of a task has failed, whether or not there will be another."""


@hookspec
def on_task_instance_skipped(previous_state: TaskState | None, task_instance: TaskInstance) -> None:
    """A task has skipped itself. One that was skipped without having run is not told of."""


@hookspec
def on_dag_run_running(dag_run: DagRun, msg: str) -> None:
    """A run has begun."""


@hookspec
def on_dag_run_success(dag_run: DagRun, msg: str) -> None:
    """A run has succeeded."""


@hookspec
def on_dag_run_failed(dag_run: DagRun, msg: str) -> None:
    """A run has failed; `msg` says how."""


@hookspec
def on_asset_created(asset: Asset) -> None:
    """There is a new asset."""


@hookspec
def on_asset_alias_created(asset_alias: AssetAlias) -> None:
    """There is a new alias of assets."""


@hookspec
def on_asset_changed(asset: Asset) -> None:
    """An asset has changed."""


@hookspec
def on_asset_event_emitted(asset_event: AssetEvent) -> None:
    """The same, with what is known of the change."""


@hookspec
def on_new_dag_import_error(filename: str, stacktrace: str) -> None:
    """A DAG file that could be loaded, or is new, cannot be loaded."""


@hookspec
def on_existing_dag_import_error(filename: str, stacktrace: str) -> None:
    """A DAG file can still not be loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetEvent:
    """A change of an asset, as listeners see it."""

    asset: Asset
    extra: Mapping[str, UserValue] = field(default_factory=dict)
    source_dag_id: str | None = None
    source_task_id: str | None = None
    source_run_id: str | None = None
    source_map_index: int | None = None
    source_aliases: list[AssetAlias] = field(default_factory=list)
    partition_key: str | None = None
    partition_date: datetime | None = None


HOOKS: Mapping[str, Callable[..., None]] = {
    hook.__name__: hook
    for hook in (
        on_starting,
        before_stopping,
        on_task_instance_running,
        on_task_instance_success,
        on_task_instance_failed,
        on_task_instance_skipped,
        on_dag_run_running,
        on_dag_run_success,
        on_dag_run_failed,
        on_asset_created,
        on_asset_alias_created,
        on_asset_changed,
        on_asset_event_emitted,
        on_new_dag_import_error,
        on_existing_dag_import_error,
    )
}
"""`{name: hook}` of all."""
