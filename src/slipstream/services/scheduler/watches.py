"""What is to be watched: the watchers of all assets that DAGs mention."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slipstream.model.asset import AssetName
from slipstream.services.scheduler.dags import KnownDag
from slipstream.services.triggerer import Watch


def wanted_watches(dags: Iterable[KnownDag]) -> Sequence[Watch]:
    """One watch for every trigger: it watches all assets that ask for the very same one."""
    assets: dict[tuple[str, str], dict[AssetName, None]] = {}
    asked: dict[tuple[str, str], tuple[str, KnownDag]] = {}
    for dag in dags:
        if dag.is_stale:
            continue
        for asset in dag.spec.assets:
            for watcher in asset.watchers:
                key = watcher.classpath, watcher.kwargs
                assets.setdefault(key, {})[AssetName(asset.name, asset.uri)] = None
                asked.setdefault(key, (watcher.name, dag))
    return [
        Watch(
            classpath=key[0],
            kwargs=key[1],
            name=asked[key][0],
            dag_id=asked[key][1].dag_id,
            fileloc=asked[key][1].spec.fileloc,
            assets=tuple(found),
        )
        for key, found in assets.items()
    ]
