"""Assets, their aliases and their events, for people and for tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from slipstream.core.assets import Role
from slipstream.model.asset import (
    AssetAliasRecord,
    AssetEvent,
    AssetMention,
    AssetRecord,
    WatcherRecord,
)
from slipstream.model.errors import NotFoundError
from slipstream.model.run import DagRun
from slipstream.store.asset_tables import (
    asset,
    asset_alias,
    asset_alias_member,
    asset_event,
    asset_event_alias,
    asset_reference,
    asset_watcher,
    run_asset_event,
)
from slipstream.store.database import Row, Transaction
from slipstream.store.filters import in_range, like, ordering
from slipstream.store.parts import StoreParts
from slipstream.store.records import AssetEventFilter, AssetFilter, Page, Window
from slipstream.store.rows import RUN_COLUMNS, from_json_object, to_run
from slipstream.store.tables import dag_run
from slipstream.store.times import from_micros

_ASSET_ORDERS: Mapping[str, ColumnElement[Any]] = {
    "id": asset.c.pk,
    "name": asset.c.name,
    "uri": asset.c.uri,
    "group": asset.c.group_name,
    "created_at": asset.c.created_at,
    "updated_at": asset.c.updated_at,
}
_EVENT_ORDERS: Mapping[str, ColumnElement[Any]] = {
    "id": asset_event.c.pk,
    "asset_id": asset_event.c.asset_pk,
    "timestamp": asset_event.c.timestamp,
    "source_dag_id": asset_event.c.source_dag_id,
    "source_task_id": asset_event.c.source_task_id,
    "source_run_id": asset_event.c.source_run_id,
    "source_map_index": asset_event.c.source_map_index,
}
_ALIAS_ORDERS: Mapping[str, ColumnElement[Any]] = {
    "id": asset_alias.c.pk,
    "name": asset_alias.c.name,
    "group": asset_alias.c.group_name,
}
_EVENT = (
    asset_event.c.pk,
    asset_event.c.asset_pk,
    asset.c.name,
    asset.c.uri,
    asset.c.group_name,
    asset_event.c.extra,
    asset_event.c.timestamp,
    asset_event.c.source_dag_id,
    asset_event.c.source_run_id,
    asset_event.c.source_task_id,
    asset_event.c.source_map_index,
    asset_event.c.partition_key,
    asset_event.c.partition_date,
)
_ALIAS = (asset_alias.c.pk, asset_alias.c.name, asset_alias.c.group_name)
_WITH_ASSET = asset_event.join(asset, asset.c.pk == asset_event.c.asset_pk)


class AssetListingVerbs(StoreParts):
    """What is known of assets."""

    def list_assets(self, which: AssetFilter, window: Window) -> Page[AssetRecord]:
        """A page of assets, by default in order of creation."""
        conditions = _asset_conditions(which)
        page = (
            select(*asset.c)
            .where(*conditions)
            .order_by(*ordering(window, _ASSET_ORDERS, asset.c.pk))
            .limit(window.limit)
            .offset(window.offset)
        )
        total = select(func.count()).select_from(asset).where(*conditions)
        with self._database.read() as transaction:
            records = _asset_records(transaction, transaction.rows(page))
            return Page(records, transaction.value(total))

    def get_asset(self, asset_pk: int) -> AssetRecord:
        """Raises `NotFoundError`."""
        with self._database.read() as transaction:
            rows = transaction.rows(select(*asset.c).where(asset.c.pk == asset_pk))
            found = _asset_records(transaction, rows)
        if not found:
            raise NotFoundError(f"The Asset with ID: `{asset_pk}` was not found")
        return found[0]

    def list_asset_aliases(self, pattern: str | None, window: Window) -> Page[AssetAliasRecord]:
        """A page of aliases, by default in order of creation."""
        conditions = like(asset_alias.c.name, pattern)
        page = select(*_ALIAS).where(*conditions)
        page = page.order_by(*ordering(window, _ALIAS_ORDERS, asset_alias.c.pk))
        total = select(func.count()).select_from(asset_alias).where(*conditions)
        with self._database.read() as transaction:
            rows = transaction.rows(page.limit(window.limit).offset(window.offset))
            return Page([_alias(row) for row in rows], transaction.value(total))

    def get_asset_alias(self, alias_pk: int) -> AssetAliasRecord:
        """Raises `NotFoundError`."""
        with self._database.read() as transaction:
            rows = transaction.rows(select(*_ALIAS).where(asset_alias.c.pk == alias_pk))
        if not rows:
            raise NotFoundError(f"The Asset Alias with ID: `{alias_pk}` was not found")
        return _alias(rows[0])

    def list_asset_events(self, which: AssetEventFilter, window: Window) -> Page[AssetEvent]:
        """A page of events, by default the oldest first."""
        conditions = _event_conditions(which)
        page = (
            select(*_EVENT)
            .select_from(_WITH_ASSET)
            .where(*conditions)
            .order_by(*ordering(window, _EVENT_ORDERS, asset_event.c.pk))
            .limit(window.limit)
            .offset(window.offset)
        )
        total = select(func.count()).select_from(_WITH_ASSET).where(*conditions)
        with self._database.read() as transaction:
            events = _events(transaction, transaction.rows(page))
            return Page(events, transaction.value(total))

    def get_asset_event(self, event_pk: int) -> AssetEvent:
        """Raises `NotFoundError`."""
        query = select(*_EVENT).select_from(_WITH_ASSET).where(asset_event.c.pk == event_pk)
        with self._database.read() as transaction:
            found = _events(transaction, transaction.rows(query))
        if not found:
            raise NotFoundError(f"The Asset Event with ID: `{event_pk}` was not found")
        return found[0]

    def events_of_run(self, run_pk: int) -> Sequence[AssetEvent]:
        """The events that a run was made for, the oldest first."""
        query = (
            select(*_EVENT)
            .select_from(
                _WITH_ASSET.join(run_asset_event, run_asset_event.c.event_pk == asset_event.c.pk)
            )
            .where(run_asset_event.c.run_pk == run_pk)
            .order_by(asset_event.c.pk)
        )
        with self._database.read() as transaction:
            return _events(transaction, transaction.rows(query))

    def runs_of_events(self, event_pks: Sequence[int]) -> Mapping[int, Sequence[DagRun]]:
        """`{event: the runs that were made for it}`."""
        query = (
            select(run_asset_event.c.event_pk, *RUN_COLUMNS)
            .join(dag_run, dag_run.c.pk == run_asset_event.c.run_pk)
            .where(run_asset_event.c.event_pk.in_(list(event_pks)))
            .order_by(dag_run.c.pk)
        )
        found: dict[int, list[DagRun]] = {}
        with self._database.read() as transaction:
            for row in transaction.rows(query):
                found.setdefault(row[0], []).append(to_run(row[1:]))
        return found


def _asset_conditions(which: AssetFilter) -> list[ColumnElement[bool]]:
    conditions = [*like(asset.c.name, which.name_pattern), *like(asset.c.uri, which.uri_pattern)]
    if which.name is not None:
        conditions.append(asset.c.name == which.name)
    if which.uri is not None:
        conditions.append(asset.c.uri == which.uri)
    if which.only_active:
        conditions.append(asset.c.is_active.is_(True))
    if which.dag_ids:
        mentioned = select(asset_reference.c.asset_pk).where(
            asset_reference.c.asset_pk.is_not(None),
            asset_reference.c.dag_id.in_(list(which.dag_ids)),
        )
        conditions.append(asset.c.pk.in_(mentioned))
    return conditions


def _event_conditions(which: AssetEventFilter) -> list[ColumnElement[bool]]:
    conditions = [
        *like(asset.c.name, which.name_pattern),
        *in_range(asset_event.c.timestamp, which.timestamp),
    ]
    exactly = (
        (asset_event.c.asset_pk, which.asset_pk),
        (asset.c.name, which.asset_name),
        (asset.c.uri, which.asset_uri),
        (asset_event.c.source_dag_id, which.source_dag_id),
        (asset_event.c.source_task_id, which.source_task_id),
        (asset_event.c.source_run_id, which.source_run_id),
        (asset_event.c.source_map_index, which.source_map_index),
        (asset_event.c.partition_key, which.partition_key),
    )
    conditions += [column == value for column, value in exactly if value is not None]
    if which.alias is not None:
        through = (
            select(asset_event_alias.c.event_pk)
            .join(asset_alias, asset_alias.c.pk == asset_event_alias.c.alias_pk)
            .where(asset_alias.c.name == which.alias)
        )
        conditions.append(asset_event.c.pk.in_(through))
    return conditions


def _events(transaction: Transaction, rows: Sequence[Row]) -> list[AssetEvent]:
    aliases: dict[int, list[str]] = {}
    if rows:
        named = transaction.rows(
            select(asset_event_alias.c.event_pk, asset_alias.c.name)
            .join(asset_alias, asset_alias.c.pk == asset_event_alias.c.alias_pk)
            .where(asset_event_alias.c.event_pk.in_([row[0] for row in rows]))
            .order_by(asset_alias.c.name)
        )
        for event_pk, name in named:
            aliases.setdefault(event_pk, []).append(name)
    return [_event(row, tuple(aliases.get(row[0], ()))) for row in rows]


def _event(row: Row, aliases: tuple[str, ...]) -> AssetEvent:
    pk, asset_pk, name, uri, group, extra, timestamp, *source, partition_key, date = row
    dag_id, run_id, task_id, map_index = source
    return AssetEvent(
        pk=pk,
        asset_pk=asset_pk,
        name=name,
        uri=uri,
        group=group,
        extra=from_json_object(extra),
        timestamp=from_micros(timestamp),
        source_dag_id=dag_id,
        source_run_id=run_id,
        source_task_id=task_id,
        source_map_index=map_index,
        partition_key=partition_key,
        partition_date=from_micros(date),
        aliases=aliases,
    )


def _alias(row: Row) -> AssetAliasRecord:
    pk, name, group = row
    return AssetAliasRecord(pk=pk, name=name, group=group)


def _asset_records(transaction: Transaction, rows: Sequence[Row]) -> list[AssetRecord]:
    pks = [row[0] for row in rows]
    if not pks:
        return []
    mentions: dict[tuple[int, str], list[AssetMention]] = {}
    reference = [asset_reference.c[name] for name in ("asset_pk", "role", "dag_id", "task_id")]
    times = (asset_reference.c.created_at, asset_reference.c.updated_at)
    for pk, role, dag_id, task_id, created_at, updated_at in transaction.rows(
        select(*reference, *times)
        .where(asset_reference.c.asset_pk.in_(pks))
        .order_by(asset_reference.c.dag_id, asset_reference.c.task_id)
    ):
        mention = AssetMention(
            dag_id=dag_id,
            task_id=task_id,
            created_at=from_micros(created_at),
            updated_at=from_micros(updated_at),
        )
        mentions.setdefault((pk, role), []).append(mention)
    aliases: dict[int, list[AssetAliasRecord]] = {}
    for pk, *row in transaction.rows(
        select(asset_alias_member.c.asset_pk, *_ALIAS)
        .join(asset_alias, asset_alias.c.pk == asset_alias_member.c.alias_pk)
        .where(asset_alias_member.c.asset_pk.in_(pks))
        .order_by(asset_alias.c.name)
    ):
        aliases.setdefault(pk, []).append(_alias(tuple(row)))
    watchers: dict[int, list[WatcherRecord]] = {}
    for pk, number, name, created_at, problem in transaction.rows(
        select(
            asset_watcher.c.asset_pk,
            asset_watcher.c.pk,
            asset_watcher.c.name,
            asset_watcher.c.created_at,
            asset_watcher.c.problem,
        )
        .where(asset_watcher.c.asset_pk.in_(pks))
        .order_by(asset_watcher.c.name)
    ):
        found = WatcherRecord(
            pk=number, name=name, created_at=from_micros(created_at), problem=problem
        )
        watchers.setdefault(pk, []).append(found)
    latest = {
        pk: (event_pk, at)
        for pk, event_pk, at in transaction.rows(
            select(
                asset_event.c.asset_pk,
                func.max(asset_event.c.pk),
                func.max(asset_event.c.timestamp),
            )
            .where(asset_event.c.asset_pk.in_(pks))
            .group_by(asset_event.c.asset_pk)
        )
    }
    records = []
    for pk, name, uri, group, extra, created_at, updated_at, is_active in rows:
        event_pk, event_at = latest.get(pk, (None, None))
        records.append(
            AssetRecord(
                pk=pk,
                name=name,
                uri=uri,
                group=group,
                extra=from_json_object(extra),
                created_at=from_micros(created_at),
                updated_at=from_micros(updated_at),
                is_active=is_active,
                scheduled=mentions.get((pk, Role.SCHEDULE.value), ()),
                producing=mentions.get((pk, Role.OUTLET.value), ()),
                consuming=mentions.get((pk, Role.INLET.value), ()),
                aliases=aliases.get(pk, ()),
                watchers=watchers.get(pk, ()),
                last_event_pk=event_pk,
                last_event_at=from_micros(event_at),
            )
        )
    return records
