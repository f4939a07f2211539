"""Recording that assets were updated: the events, and what they queue for the DAGs that wait.

What a task has updated is recorded in the transaction that records its success.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select

from slipstream.model.asset import AssetSpec, AssetUpdate
from slipstream.store.asset_conditions import waiting_consumers
from slipstream.store.asset_registry import keep_aliases, keep_asset, settle_activity
from slipstream.store.asset_tables import (
    asset,
    asset_alias_member,
    asset_event,
    asset_event_alias,
    asset_queue,
    partition_queue,
)
from slipstream.store.database import Database, Row, Transaction
from slipstream.store.records import NoticeKind, Source
from slipstream.store.rows import to_json
from slipstream.store.statements import RowsStatement, SqlTuple, Statement, types_of, upsert
from slipstream.store.times import to_micros

_log = logging.getLogger(__name__)


_ASSET = (asset.c.pk, asset.c.name, asset.c.uri, asset.c.is_active)


def _lookup(*names: str) -> Statement:
    """The asset in use before others."""
    conditions = [asset.c[name] == bindparam(name) for name in names]
    found = select(*_ASSET).where(*conditions).order_by(asset.c.is_active.desc(), asset.c.pk)
    return Statement(found, names)


_BY_NAME, _BY_URI, _BY_BOTH = _lookup("name"), _lookup("uri"), _lookup("name", "uri")
_EVENT = (
    "asset_pk",
    "timestamp",
    "extra",
    "source_dag_id",
    "source_run_id",
    "source_task_id",
    "source_map_index",
    "partition_key",
    "partition_date",
)
_INSERT = Statement(insert(asset_event).returning(asset_event.c.pk), _EVENT)
_CONSUMERS = Statement(waiting_consumers(None), ("target", "name", "uri"))
_QUEUED = ("dag_id", "asset_pk", "queued_at")
_QUEUE = RowsStatement(
    # One that waits already is from now on as old as its latest event.
    lambda rows: rows.put_into(upsert(rows.dialect, asset_queue, _QUEUED, ["dag_id", "asset_pk"])),
    types_of(asset_queue, _QUEUED),
)
_PART = ("dag_id", "event_pk", "queued_at")
_QUEUE_PART = RowsStatement(
    lambda rows: rows.put_into(insert(partition_queue)), types_of(partition_queue, _PART)
)


@dataclass(frozen=True, slots=True)
class _Asset:
    pk: int
    name: str
    uri: str
    is_active: bool


def record_updates(
    transaction: Transaction,
    database: Database,
    now: datetime,
    updates: Sequence[tuple[Source, AssetUpdate]],
) -> Sequence[int | None]:
    """Record them in their order; gives the events' numbers, None for what there is no asset of.

    An asset that is not active (see `asset_registry`) gets no events of tasks.
    """
    with transaction.together():
        database.lock_assets(transaction)
    at = to_micros(now)
    return [_record(transaction, at, source, update) for source, update in updates]


def _record(transaction: Transaction, at: int, source: Source, update: AssetUpdate) -> int | None:
    found = _find(transaction, update)
    if update.aliases:
        found = _through_aliases(transaction, at, update, found)
    if found is None:
        _log.warning(
            "The task %s of %s has updated the asset %s, which no DAG mentions: there is no event.",
            *(source.task_id, source.dag_id, update.name or update.uri),
        )
        return None
    if not found.is_active and source.task_id is not None:
        _log.warning(
            "The task %s of %s has updated the asset %s, which is not in use: there is no event.",
            *(source.task_id, source.dag_id, found.name),
        )
        return None
    names = (str(found.pk), found.name, found.uri)
    with transaction.together():
        made = transaction.ask(_INSERT, _event_row(at, source, update, found))
        waiting = transaction.ask(_CONSUMERS, names)
    event_pk: int = made()[0][0]
    consumers = waiting()
    if update.aliases:
        numbers = keep_aliases(transaction, dict.fromkeys(update.aliases, "asset"))
        rows = [{"event_pk": event_pk, "alias_pk": numbers[name]} for name in update.aliases]
        transaction.execute(insert(asset_event_alias), rows)
        named = dict(zip(("target", "name", "uri"), names, strict=True))
        consumers = transaction.rows(waiting_consumers(update.aliases).params(named))
    partition_key = update.partition_key or source.partition_key
    _queue(transaction, at, event_pk, found, consumers, partition_key)
    return event_pk


def _find(transaction: Transaction, update: AssetUpdate) -> _Asset | None:
    if update.name is None:
        rows = transaction.fetch(_BY_URI, (update.uri,))
    elif update.uri is None:
        rows = transaction.fetch(_BY_NAME, (update.name,))
    else:
        rows = transaction.fetch(_BY_BOTH, (update.name, update.uri))
    if not rows:
        return None
    pk, name, uri, is_active = rows[0]
    return _Asset(pk, name, uri, bool(is_active))


def _through_aliases(
    transaction: Transaction, at: int, update: AssetUpdate, found: _Asset | None
) -> _Asset:
    """The asset, which may be new, as a member of the aliases that it was found through."""
    if found is None:
        name = update.name if update.name is not None else update.uri
        uri = update.uri if update.uri is not None else update.name
        spec = AssetSpec(
            name=name or "", uri=uri or "", group=update.group, extra=update.asset_extra
        )
        found = _Asset(
            keep_asset(transaction, at, spec, is_active=False), spec.name, spec.uri, False
        )
    numbers = keep_aliases(transaction, dict.fromkeys(update.aliases, "asset"))
    known = set(
        transaction.column(
            select(asset_alias_member.c.alias_pk).where(asset_alias_member.c.asset_pk == found.pk)
        )
    )
    new = [number for number in numbers.values() if number not in known]
    if new:
        rows = [{"alias_pk": number, "asset_pk": found.pk} for number in new]
        transaction.execute(insert(asset_alias_member), rows)
        settle_activity(transaction, at)
    return _find(transaction, AssetUpdate(name=found.name, uri=found.uri)) or found


def _event_row(at: int, source: Source, update: AssetUpdate, found: _Asset) -> SqlTuple:
    partition_key = update.partition_key or source.partition_key
    # The date stands for the run's own partition, and for no other.
    has_date = partition_key == source.partition_key
    return (
        found.pk,
        at,
        to_json(dict(update.extra)),
        source.dag_id,
        source.run_id,
        source.task_id,
        source.map_index,
        partition_key,
        to_micros(source.partition_date) if has_date else None,
    )


def _queue(
    transaction: Transaction,
    at: int,
    event_pk: int,
    found: _Asset,
    consumers: Sequence[Row],
    partition_key: str | None,
) -> None:
    """Let the event wait for those DAGs that it concerns and that are not paused."""
    if partition_key is None:
        told = [dag_id for dag_id, partitioning in consumers if not partitioning]
        with transaction.together():
            transaction.run_many(_QUEUE, [(dag_id, found.pk, at) for dag_id in told])
            transaction.leave_notice(NoticeKind.ASSETS_UPDATED, told)
        for dag_id in [dag_id for dag_id, partitioning in consumers if partitioning]:
            _log.warning(
                "The DAG %s waits for partitions of the asset %s, and an event of it has none: it "
                "starts no run.",
                *(dag_id, found.name),
            )
    else:
        told = [dag_id for dag_id, partitioning in consumers if partitioning]
        with transaction.together():
            transaction.run_many(_QUEUE_PART, [(dag_id, event_pk, at) for dag_id in told])
            transaction.leave_notice(NoticeKind.ASSETS_UPDATED, told)
