"""The assets that a DAG mentions, as the scheduler knows them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from slipstream.model.asset import AssetSpec, WatcherSpec
from slipstream.sdk._assets import Asset, AssetWatcher, BaseAsset
from slipstream.sdk._values import encode_value, plain_value

if TYPE_CHECKING:
    from slipstream.sdk._dag import DAG


def asset_specs(dag: DAG) -> tuple[AssetSpec, ...]:
    """Every asset of the schedule, the inlets and the outlets, once, in alphabetical order.

    Raises `ValueError` where a watcher's trigger or an extra cannot be written as JSON.
    """
    _warn_of_cycle(dag)
    found: dict[tuple[str, str], Asset] = {}
    for asset in _mentioned(dag):
        known = found.setdefault((asset.name, asset.uri), asset)
        if asset.watchers and not known.watchers:
            found[asset.name, asset.uri] = asset
    return tuple(_spec(dag, found[key]) for key in sorted(found))


def _warn_of_cycle(dag: DAG) -> None:
    """A DAG that updates what it waits for starts itself."""
    if dag.timetable.asset_condition is None:
        return
    waited = set(dag.timetable.asset_condition.iter_assets())
    for task in dag.tasks:
        for one in task.outlets:
            if isinstance(one, Asset) and one in waited:
                warnings.warn(
                    f"DAG {dag.dag_id!r} waits for the asset {one.name!r}, and its task "
                    f"{task.task_id!r} updates it: every run of it starts the next one.",
                    UserWarning,
                    stacklevel=2,
                )


def _mentioned(dag: DAG) -> Iterator[Asset]:
    if dag.timetable.asset_condition is not None:
        yield from dag.timetable.asset_condition.iter_assets()
    for task in dag.tasks:
        for one in (*task.inlets, *task.outlets):
            if isinstance(one, BaseAsset):
                yield from one.iter_assets()


def _spec(dag: DAG, asset: Asset) -> AssetSpec:
    try:
        extra = plain_value(asset.extra)
        return AssetSpec(
            name=asset.name,
            uri=asset.uri,
            group=asset.group,
            extra=extra,
            watchers=tuple(_watcher(one) for one in asset.watchers),
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"The asset {asset.name!r} of DAG {dag.dag_id!r}: {error}") from error


def _watcher(watcher: AssetWatcher) -> WatcherSpec:
    classpath, kwargs = watcher.trigger.serialize()
    return WatcherSpec(name=watcher.name, classpath=classpath, kwargs=encode_value(kwargs))
