"""Events of assets while DAGs are tested: they are seen within the process, and start nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from slipstream.model.asset import AssetEvent, AssetName, AssetUpdate
from slipstream.model.run import TaskKey
from slipstream.sdk._backend_values import AssetKey


class MemoryEvents:
    """What the runs of this process have updated, the oldest first."""

    def __init__(self) -> None:
        self.recorded: list[AssetEvent] = []
        self._numbers: dict[AssetName, int] = {}

    def record(
        self,
        dag_id: str,
        run_id: str,
        key: TaskKey,
        updates: Iterable[AssetUpdate],
        partition_key: str | None = None,
    ) -> None:
        """A task of that run has succeeded and updated these."""
        for update in updates:
            name = update.name or update.uri or ""
            asset = self._known(AssetKey(update.name, update.uri))
            asset = asset or AssetName(name, update.uri or name)
            number = self._numbers.setdefault(asset, len(self._numbers) + 1)
            self.recorded.append(
                AssetEvent(
                    pk=len(self.recorded) + 1,
                    asset_pk=number,
                    name=asset.name,
                    uri=asset.uri,
                    group=update.group,
                    extra=dict(update.extra),
                    timestamp=datetime.now(UTC),
                    source_dag_id=dag_id,
                    source_run_id=run_id,
                    source_task_id=key.task_id,
                    source_map_index=key.map_index,
                    partition_key=update.partition_key or partition_key,
                    aliases=update.aliases,
                )
            )

    def of(
        self,
        asset: AssetKey | None,
        alias: str | None,
        after: datetime | None,
        before: datetime | None,
    ) -> Sequence[AssetEvent]:
        """The events of an asset, or of what was found through an alias, within these bounds."""
        return [
            event
            for event in self.recorded
            if (alias is None or alias in event.aliases)
            and (asset is None or _is(asset, AssetName(event.name, event.uri)))
            and (after is None or event.timestamp >= after)
            and (before is None or event.timestamp <= before)
        ]

    def _known(self, key: AssetKey) -> AssetName | None:
        return next((asset for asset in self._numbers if _is(key, asset)), None)


OF_PROCESS = MemoryEvents()
"""What is seen by every DAG that is tested in this process, as by all DAGs of a server."""


def _is(key: AssetKey, asset: AssetName) -> bool:
    return key.name in {None, asset.name} and key.uri in {None, asset.uri}
