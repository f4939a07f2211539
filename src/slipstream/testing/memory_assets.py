"""The assets of the simulation's store: their events, and what waits for DAGs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from slipstream.core.assets import Reference, ReferenceKind, Role, references
from slipstream.core.partitions import partitioning
from slipstream.model.asset import (
    AssetEvent,
    AssetName,
    AssetQueue,
    AssetUpdate,
    QueuedAsset,
    QueuedPartition,
)
from slipstream.model.dag import DagSpec
from slipstream.model.run import DagRun, TaskKey


@dataclass(slots=True)
class _Consumer:
    """A DAG that waits for assets."""

    waits_for: list[Reference]
    partitioning: str
    seen: int
    queued: dict[int, QueuedAsset] = field(default_factory=dict)
    partitions: dict[int, QueuedPartition] = field(default_factory=dict)


class MemoryAssets:
    """Keeps the contract of the store's verbs about assets; no two assets are in conflict here."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._numbers: dict[AssetName, int] = {}
        self._members: dict[str, dict[AssetName, None]] = {}
        self._consumers: dict[str, _Consumer] = {}
        self._entry_numbers = count(1)
        self.events: list[AssetEvent] = []
        self.of_runs: dict[int, tuple[int, ...]] = {}
        """`{run: the events that it was made for}`."""

    def keep(self, spec: DagSpec) -> None:
        """Keep what the DAG's new version mentions."""
        mentioned = references(spec)
        for found in mentioned:
            if found.kind is ReferenceKind.ASSET:
                key = AssetName(found.name, found.uri)
                self._numbers.setdefault(key, len(self._numbers) + 1)
        waits_for = [found for found in mentioned if found.role is Role.SCHEDULE]
        if not waits_for:
            self._consumers.pop(spec.dag_id, None)
            return
        rules = partitioning(spec.schedule)
        known = self._consumers.get(spec.dag_id)
        if known is None:
            seen = 0 if spec.catchup else len(self.events)
            self._consumers[spec.dag_id] = _Consumer(waits_for, rules, seen)
            return
        known.waits_for = waits_for
        if known.partitioning != rules:
            known.partitions.clear()
            known.partitioning = rules
        waited = self._waited(known)
        known.queued = {pk: one for pk, one in known.queued.items() if one.asset in waited}
        known.partitions = {pk: one for pk, one in known.partitions.items() if one.asset in waited}

    def forget(self, dag_id: str) -> None:
        """The DAG is gone."""
        self._consumers.pop(dag_id, None)

    def record(
        self,
        run: DagRun,
        key: TaskKey,
        update: AssetUpdate,
        is_paused: Callable[[str], bool],
    ) -> Sequence[str]:
        """Record what a task of the run has updated; gives the DAGs to tell."""
        found = self._find(update)
        if found is None:
            return []
        for alias in update.aliases:
            self._members.setdefault(alias, {})[found] = None
        partition_key = update.partition_key or run.partition_key
        event = AssetEvent(
            pk=len(self.events) + 1,
            asset_pk=self._numbers[found],
            name=found.name,
            uri=found.uri,
            extra=update.extra,
            timestamp=self._clock(),
            source_dag_id=run.dag_id,
            source_run_id=run.run_id,
            source_task_id=key.task_id,
            source_map_index=key.map_index,
            partition_key=partition_key,
            partition_date=run.partition_date if partition_key == run.partition_key else None,
            aliases=update.aliases,
        )
        self.events.append(event)
        told = []
        for dag_id, consumer in sorted(self._consumers.items()):
            if is_paused(dag_id) or not self._concerns(consumer, event):
                continue
            if bool(consumer.partitioning) is (partition_key is not None):
                self._queue(consumer, event)
                told.append(dag_id)
        return told

    def queue_of(self, dag_id: str) -> AssetQueue:
        """Everything that waits to start a run of the DAG."""
        consumer = self._consumers.get(dag_id)
        if consumer is None:
            return AssetQueue()
        members = {
            found.name: list(self._members.get(found.name, ()))
            for found in consumer.waits_for
            if found.kind is ReferenceKind.ALIAS
        }
        queued = sorted(consumer.queued.values(), key=lambda one: (one.queued_at, one.asset_pk))
        partitions = sorted(consumer.partitions.values(), key=lambda one: (one.event_pk, one.pk))
        return AssetQueue(assets=queued, partitions=partitions, members=members)

    def waiting(self) -> Sequence[str]:
        """The DAGs that something waits for."""
        return sorted(dag_id for dag_id, c in self._consumers.items() if c.queued or c.partitions)

    def sort(self, dag_id: str, sorted_into: Mapping[int, Sequence[str]]) -> None:
        """Say which partitions of the DAG entries without one belong to."""
        consumer = self._consumers.get(dag_id)
        for pk, keys in sorted_into.items() if consumer is not None else ():
            entry = consumer.partitions.get(pk) if consumer is not None else None
            if consumer is None or entry is None or entry.target_key is not None:
                continue
            del consumer.partitions[pk]
            for key in keys:
                number = next(self._entry_numbers)
                consumer.partitions[number] = replace(entry, pk=number, target_key=key)

    def can_take(self, dag_id: str, assets: Sequence[int], partitions: Sequence[int]) -> bool:
        """Whether all of this waits for the DAG."""
        consumer = self._consumers.get(dag_id)
        return consumer is not None and (
            consumer.queued.keys() >= set(assets) and consumer.partitions.keys() >= set(partitions)
        )

    def take(self, run: DagRun, assets: Sequence[int], partitions: Sequence[int]) -> None:
        """Take it out of the queue for that run."""
        consumer = self._consumers[run.dag_id]
        events = {consumer.partitions.pop(pk).event_pk for pk in partitions}
        for pk in assets:
            del consumer.queued[pk]
        if assets:
            new = self.events[consumer.seen :]
            events.update(event.pk for event in new if self._concerns(consumer, event))
            consumer.seen = len(self.events)
        self.of_runs[run.pk] = tuple(sorted(events))

    def _find(self, update: AssetUpdate) -> AssetName | None:
        for asset in self._numbers:
            if update.name in (None, asset.name) and update.uri in (None, asset.uri):
                return asset
        if not update.aliases:
            return None
        name = update.name or update.uri or ""
        found = AssetName(name, update.uri or name)
        self._numbers[found] = len(self._numbers) + 1
        return found

    def _queue(self, consumer: _Consumer, event: AssetEvent) -> None:
        asset = AssetName(event.name, event.uri)
        if event.partition_key is None:
            queued = QueuedAsset(event.asset_pk, asset, event.timestamp)
            consumer.queued[event.asset_pk] = queued
            return
        number = next(self._entry_numbers)
        consumer.partitions[number] = QueuedPartition(
            pk=number,
            event_pk=event.pk,
            asset=asset,
            source_key=event.partition_key,
            source_date=event.partition_date,
            queued_at=event.timestamp,
        )

    def _waited(self, consumer: _Consumer) -> set[AssetName]:
        waited: set[AssetName] = set()
        for found in consumer.waits_for:
            if found.kind is ReferenceKind.ALIAS:
                waited |= self._members.get(found.name, {}).keys()
            else:
                waited |= {asset for asset in self._numbers if _names(found, asset)}
        return waited

    @staticmethod
    def _concerns(consumer: _Consumer, event: AssetEvent) -> bool:
        asset = AssetName(event.name, event.uri)
        return any(
            found.name in event.aliases
            if found.kind is ReferenceKind.ALIAS
            else _names(found, asset)
            for found in consumer.waits_for
        )


def _names(found: Reference, asset: AssetName) -> bool:
    match found.kind:
        case ReferenceKind.ASSET:
            return asset == AssetName(found.name, found.uri)
        case ReferenceKind.NAME:
            return asset.name == found.name
        case ReferenceKind.URI:
            return asset.uri == found.uri
        case ReferenceKind.ALIAS:
            return False
