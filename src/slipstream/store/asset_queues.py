"""What waits to start runs of DAGs that wait for assets, and making these runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, bindparam, delete, insert, select, update

from slipstream.core.assets import ReferenceKind
from slipstream.model.asset import AssetName, AssetQueue, AssetUpdate, QueuedAsset, QueuedPartition
from slipstream.model.run import DagRun
from slipstream.store.asset_conditions import in_schedule
from slipstream.store.asset_recording import record_updates
from slipstream.store.asset_runs import add_asset_runs
from slipstream.store.asset_tables import (
    asset,
    asset_alias,
    asset_alias_member,
    asset_event,
    asset_queue,
    asset_reference,
    asset_watcher,
    partition_queue,
)
from slipstream.store.database import Row
from slipstream.store.parts import StoreParts
from slipstream.store.records import NewAssetRun, NewRun, QueuedEvent, Source
from slipstream.store.statements import Statement
from slipstream.store.times import from_micros, to_micros

_assets = asset
_DAG_ID: BindParameter[str] = bindparam("dag_id")
_OF_ASSETS = Statement(
    (
        select(asset.c.pk, asset.c.name, asset.c.uri, asset_queue.c.queued_at)
        .join(asset_queue, asset_queue.c.asset_pk == asset.c.pk)
        .where(asset_queue.c.dag_id == _DAG_ID)
        .order_by(asset_queue.c.queued_at, asset.c.pk)
    ),
    ("dag_id",),
)
_OF_PARTITIONS = Statement(
    (
        select(
            partition_queue.c.pk,
            partition_queue.c.event_pk,
            asset.c.name,
            asset.c.uri,
            asset_event.c.partition_key,
            asset_event.c.partition_date,
            partition_queue.c.queued_at,
            partition_queue.c.target_key,
        )
        .join(asset_event, asset_event.c.pk == partition_queue.c.event_pk)
        .join(asset, asset.c.pk == asset_event.c.asset_pk)
        .where(partition_queue.c.dag_id == _DAG_ID)
        .order_by(partition_queue.c.event_pk, partition_queue.c.pk)
    ),
    ("dag_id",),
)
_MEMBERS = Statement(
    (
        select(asset_alias.c.name, asset.c.name, asset.c.uri)
        .join(asset_alias, asset_reference.c.target == asset_alias.c.name)
        .join(asset_alias_member, asset_alias_member.c.alias_pk == asset_alias.c.pk)
        .join(asset, asset.c.pk == asset_alias_member.c.asset_pk)
        .where(in_schedule(_DAG_ID, ReferenceKind.ALIAS))
        .order_by(asset_alias.c.name, asset.c.pk)
    ),
    ("dag_id",),
)


class AssetQueueVerbs(StoreParts):
    """The scheduler's side of assets."""

    def record_asset_updates(
        self, source: Source, updates: Sequence[AssetUpdate]
    ) -> Sequence[int | None]:
        """Record them; gives the numbers of the events, None for what there is no asset of."""
        with self._database.write() as transaction:
            given = [(source, update) for update in updates]
            return record_updates(transaction, self._database, self._clock(), given)

    def note_watcher(self, asset: AssetName, name: str, problem: str | None) -> None:
        """Keep for people why the watcher does not watch at the moment; None: it does."""
        numbers = select(_assets.c.pk).where(
            _assets.c.name == asset.name, _assets.c.uri == asset.uri
        )
        mine = (asset_watcher.c.asset_pk.in_(numbers), asset_watcher.c.name == name)
        with self._database.write() as transaction:
            transaction.execute(update(asset_watcher).where(*mine).values(problem=problem))

    def read_asset_queue(self, dag_id: str) -> AssetQueue:
        """Everything that waits to start a run of the DAG."""
        return self.read_asset_queues([dag_id])[dag_id]

    def read_asset_queues(self, dag_ids: Sequence[str]) -> Mapping[str, AssetQueue]:
        """The same of several DAGs, at one moment."""
        with self._database.read() as transaction:
            with transaction.together():
                asked = {
                    dag_id: [
                        transaction.ask(query, (dag_id,))
                        for query in (_OF_ASSETS, _OF_PARTITIONS, _MEMBERS)
                    ]
                    for dag_id in dag_ids
                }
            return {
                dag_id: AssetQueue(
                    assets=[_queued_asset(row) for row in assets()],
                    partitions=[_queued_partition(row) for row in partitions()],
                    members=_members(members()),
                )
                for dag_id, (assets, partitions, members) in asked.items()
            }

    def dags_with_asset_queue(self) -> Sequence[str]:
        """The DAGs that something waits for."""
        with self._database.read() as transaction:
            waiting = select(asset_queue.c.dag_id).union(select(partition_queue.c.dag_id))
            return sorted(transaction.column(waiting))

    def queued_events(
        self,
        *,
        dag_id: str | None = None,
        asset_pk: int | None = None,
        before: datetime | None = None,
    ) -> Sequence[QueuedEvent]:
        """What waits for a DAG, or of an asset, and was queued before that moment."""
        query = (
            select(asset_queue.c.dag_id, asset_queue.c.asset_pk, asset_queue.c.queued_at)
            .where(*_queued(dag_id, asset_pk, before))
            .order_by(asset_queue.c.queued_at, asset_queue.c.dag_id, asset_queue.c.asset_pk)
        )
        with self._database.read() as transaction:
            return [
                QueuedEvent(dag_id=target, asset_pk=pk, created_at=from_micros(at))
                for target, pk, at in transaction.rows(query)
            ]

    def delete_queued_events(
        self,
        *,
        dag_id: str | None = None,
        asset_pk: int | None = None,
        before: datetime | None = None,
    ) -> int:
        """Let that start nothing; gives how many entries there were."""
        with self._database.write() as transaction:
            self._database.lock_assets(transaction)
            conditions = _queued(dag_id, asset_pk, before)
            return transaction.execute(delete(asset_queue).where(*conditions)).rowcount

    def sort_partitions(self, dag_id: str, sorted_into: Mapping[int, Sequence[str]]) -> None:
        """Say which partitions of the DAG entries without one belong to, `{entry: keys}`.

        One without keys is dropped; one with several is there once for each afterwards.
        """
        if not sorted_into:
            return
        of_dag = (partition_queue.c.dag_id == dag_id, partition_queue.c.target_key.is_(None))
        with self._database.write() as transaction:
            self._database.lock_assets(transaction)
            found = transaction.rows(
                delete(partition_queue)
                .where(*of_dag, partition_queue.c.pk.in_(list(sorted_into)))
                .returning(
                    partition_queue.c.pk, partition_queue.c.event_pk, partition_queue.c.queued_at
                )
            )
            rows = [
                {"dag_id": dag_id, "event_pk": event_pk, "target_key": key, "queued_at": at}
                for pk, event_pk, at in sorted(found)
                for key in sorted_into[pk]
            ]
            if rows:
                transaction.execute(insert(partition_queue), rows)

    def create_asset_run(
        self, new: NewRun, assets: Sequence[int], partitions: Sequence[int]
    ) -> DagRun | None:
        """Make a run for the queued assets, or entries of a partition, of these numbers.

        They are taken out of the queue, and the events behind them are kept as the run's. Gives
        None, and does nothing, where one of them is not there any more. Raises
        `AlreadyExistsError` (run id taken).
        """
        return self.create_asset_runs([NewAssetRun(new, assets, partitions)])[0]

    def create_asset_runs(self, wanted: Sequence[NewAssetRun]) -> Sequence[DagRun | None]:
        """The same for several, in one transaction: where one raises, none is made."""
        with self._database.write() as transaction:
            return add_asset_runs(transaction, self._database, wanted, self._clock)


def _queued_asset(row: Row) -> QueuedAsset:
    pk, name, uri, at = row
    return QueuedAsset(pk, AssetName(name, uri), from_micros(at))


def _queued(
    dag_id: str | None, asset_pk: int | None, before: datetime | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if dag_id is not None:
        conditions.append(asset_queue.c.dag_id == dag_id)
    if asset_pk is not None:
        conditions.append(asset_queue.c.asset_pk == asset_pk)
    if before is not None:
        conditions.append(asset_queue.c.queued_at < to_micros(before))
    return conditions


def _queued_partition(row: Row) -> QueuedPartition:
    pk, event_pk, name, uri, key, date, at, target_key = row
    return QueuedPartition(
        pk=pk,
        event_pk=event_pk,
        asset=AssetName(name, uri),
        source_key=key,
        source_date=from_micros(date),
        queued_at=from_micros(at),
        target_key=target_key,
    )


def _members(rows: Sequence[Row]) -> Mapping[str, Sequence[AssetName]]:
    members: dict[str, list[AssetName]] = {}
    for alias, name, uri in rows:
        members.setdefault(alias, []).append(AssetName(name, uri))
    return members
