"""What DAGs say of assets, as rows: kept as the latest versions of the DAGs have it.

An asset is active as long as a DAG that is not stale mentions it. Of several that share a name or
a URI one alone is active, the one that was so before, or was known first; DAGs that mention
another one get a warning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, insert, or_, select, update

from slipstream.core.asset_circles import Start, circles, told_of
from slipstream.core.assets import Reference, ReferenceKind, Role, references
from slipstream.core.partitions import partitioning
from slipstream.model.asset import AssetName, AssetSpec
from slipstream.model.dag import DagSpec
from slipstream.store.asset_conditions import assets_waited_for
from slipstream.store.asset_tables import (
    asset,
    asset_alias,
    asset_alias_member,
    asset_consumer,
    asset_event,
    asset_queue,
    asset_reference,
    asset_watcher,
    partition_queue,
)
from slipstream.store.database import Database, Transaction
from slipstream.store.rows import to_json
from slipstream.store.statements import upsert
from slipstream.store.tables import dag, dag_warning
from slipstream.store.times import to_micros

CONFLICT: Final = "asset conflict"
"""The kind of warning, in Airflow's words."""


def keep_references(
    transaction: Transaction,
    database: Database,
    now: datetime,
    specs: Sequence[DagSpec],
    changed: Collection[str],
) -> None:
    """Keep what these new versions mention; `changed` are DAGs that became stale, or fresh."""
    mentioned = {spec.dag_id: references(spec) for spec in specs}
    dag_ids = [*mentioned, *changed]
    known = set(
        transaction.column(
            select(asset_reference.c.dag_id).where(asset_reference.c.dag_id.in_(dag_ids)).distinct()
        )
    )
    concerned = [spec for spec in specs if mentioned[spec.dag_id] or spec.dag_id in known]
    if not concerned and not known:
        return
    database.lock_assets(transaction)
    at = to_micros(now)
    numbers = _keep_assets(transaction, at, concerned, mentioned)
    aliases = {
        found.name: found.group
        for spec in concerned
        for found in mentioned[spec.dag_id]
        if found.kind is ReferenceKind.ALIAS
    }
    keep_aliases(transaction, aliases)
    for spec in concerned:
        _keep_of_dag(transaction, database, at, spec, mentioned[spec.dag_id], numbers)
    settle_activity(transaction, at)


def keep_aliases(transaction: Transaction, groups: Mapping[str, str]) -> Mapping[str, int]:
    """Make sure of these aliases, by name with their groups; gives their numbers."""
    if not groups:
        return {}
    query = select(asset_alias.c.name, asset_alias.c.pk).where(asset_alias.c.name.in_(list(groups)))
    known: dict[str, int] = dict(transaction.rows(query))
    for name in groups.keys() - known.keys():
        row = {"name": name, "group_name": groups[name]}
        known[name] = transaction.value(
            insert(asset_alias).values(**row).returning(asset_alias.c.pk)
        )
    return known


def keep_asset(transaction: Transaction, at: int, spec: AssetSpec, *, is_active: bool) -> int:
    """A new asset; gives its number."""
    pk: int = transaction.value(
        insert(asset)
        .values(
            name=spec.name,
            uri=spec.uri,
            group_name=spec.group,
            extra=to_json(dict(spec.extra)),
            created_at=at,
            updated_at=at,
            is_active=is_active,
        )
        .returning(asset.c.pk)
    )
    return pk


def settle_activity(transaction: Transaction, at: int) -> None:
    """Say anew which assets are active, and warn of those that cannot be."""
    living = select(dag.c.dag_id).where(dag.c.is_stale.is_(False))
    direct = select(asset_reference.c.asset_pk).where(
        asset_reference.c.asset_pk.is_not(None), asset_reference.c.dag_id.in_(living)
    )
    through = (
        select(asset_alias_member.c.asset_pk)
        .join(asset_alias, asset_alias.c.pk == asset_alias_member.c.alias_pk)
        .join(
            asset_reference,
            (asset_reference.c.kind == ReferenceKind.ALIAS.value)
            & (asset_reference.c.target == asset_alias.c.name),
        )
        .where(asset_reference.c.dag_id.in_(living))
    )
    rows = transaction.rows(
        select(asset.c.pk, asset.c.name, asset.c.uri, asset.c.is_active)
        .where(or_(asset.c.pk.in_(direct), asset.c.pk.in_(through)))
        .order_by(asset.c.is_active.desc(), asset.c.pk)
    )
    names: dict[str, AssetName] = {}
    uris: dict[str, AssetName] = {}
    active: list[int] = []
    refused: dict[int, str] = {}
    for pk, name, uri, _ in rows:
        other = names.get(name) or uris.get(uri)
        if other is None:
            names[name] = uris[uri] = AssetName(name, uri)
            active.append(pk)
        else:
            refused[pk] = _conflict(AssetName(name, uri), other)
    transaction.execute(
        update(asset)
        .where(asset.c.is_active.is_(True), asset.c.pk.not_in(active))
        .values(is_active=False)
    )
    transaction.execute(
        update(asset)
        .where(asset.c.is_active.is_(False), asset.c.pk.in_(active))
        .values(is_active=True)
    )
    _warn(transaction, at, refused)


def _conflict(found: AssetName, other: AssetName) -> str:
    same = "name" if found.name == other.name else "URI"
    differs = f"URI {other.uri!r}" if same == "name" else f"name {other.name!r}"
    return (
        f"The asset Asset(name={found.name!r}, uri={found.uri!r}) is not in use: another one has "
        f"the same {same}, with the {differs}. Give both the same name and URI, or different ones."
    )


def _warn(transaction: Transaction, at: int, refused: Mapping[int, str]) -> None:
    transaction.execute(delete(dag_warning).where(dag_warning.c.warning_type == CONFLICT))
    messages: dict[str, list[str]] = {}
    if refused:
        rows = transaction.rows(
            select(asset_reference.c.dag_id, asset_reference.c.asset_pk)
            .where(asset_reference.c.asset_pk.in_(list(refused)))
            .distinct()
        )
        for dag_id, pk in sorted(rows):
            messages.setdefault(dag_id, []).append(refused[pk])
    for circle in circles(_starts(transaction)):
        for start in circle:
            messages.setdefault(start.dag_id, []).append(told_of(circle))
    for dag_id, found in messages.items():
        row = {"dag_id": dag_id, "warning_type": CONFLICT, "timestamp": at}
        transaction.execute(insert(dag_warning).values(message="\n".join(found), **row))


def _starts(transaction: Transaction) -> list[Start]:
    """Which DAGs start which others by which assets."""
    made, waited = asset_reference.alias(), asset_reference.alias()
    living = select(dag.c.dag_id).where(dag.c.is_stale.is_(False))
    rows = transaction.rows(
        select(made.c.dag_id, asset.c.name, waited.c.dag_id)
        .join(waited, waited.c.asset_pk == made.c.asset_pk)
        .join(asset, asset.c.pk == made.c.asset_pk)
        .where(
            made.c.role == Role.OUTLET.value,
            waited.c.role == Role.SCHEDULE.value,
            made.c.dag_id.in_(living),
            waited.c.dag_id.in_(living),
        )
        .distinct()
    )
    return [Start(*row) for row in rows]


def _keep_assets(
    transaction: Transaction,
    at: int,
    specs: Sequence[DagSpec],
    mentioned: Mapping[str, Iterable[Reference]],
) -> Mapping[AssetName, int]:
    declared: dict[AssetName, AssetSpec] = {}
    for spec in specs:
        for one in mentioned[spec.dag_id]:
            if one.kind is ReferenceKind.ASSET:
                key = AssetName(one.name, one.uri)
                declared.setdefault(key, AssetSpec(name=key.name, uri=key.uri, group=one.group))
        declared.update((AssetName(own.name, own.uri), own) for own in spec.assets)
    if not declared:
        return {}
    rows = transaction.rows(
        select(asset.c.name, asset.c.uri, asset.c.pk, asset.c.group_name, asset.c.extra).where(
            asset.c.name.in_(list({key.name for key in declared}))
        )
    )
    known = {AssetName(name, uri): (pk, group, extra) for name, uri, pk, group, extra in rows}
    numbers = {}
    for key, found in declared.items():
        if key not in known:
            numbers[key] = keep_asset(transaction, at, found, is_active=False)
            continue
        pk, group, extra = known[key]
        numbers[key] = pk
        names = [watcher.name for watcher in found.watchers]
        transaction.execute(
            delete(asset_watcher).where(
                asset_watcher.c.asset_pk == pk, asset_watcher.c.name.not_in(names)
            )
        )
        new = (found.group, to_json(dict(found.extra)))
        if new != (group, extra):
            values = {"group_name": new[0], "extra": new[1], "updated_at": at}
            transaction.execute(update(asset).where(asset.c.pk == pk).values(**values))
    _keep_watchers(transaction, at, declared, numbers)
    return numbers


def _keep_watchers(
    transaction: Transaction,
    at: int,
    declared: Mapping[AssetName, AssetSpec],
    numbers: Mapping[AssetName, int],
) -> None:
    wanted = [(numbers[key], one.name) for key, spec in declared.items() for one in spec.watchers]
    if not wanted:
        return
    columns = (asset_watcher.c.asset_pk, asset_watcher.c.name)
    query = select(*columns).where(asset_watcher.c.asset_pk.in_([pk for pk, _ in wanted]))
    known = {tuple(row) for row in transaction.rows(query)}
    rows = [
        {"asset_pk": pk, "name": name, "created_at": at}
        for pk, name in dict.fromkeys(wanted)
        if (pk, name) not in known
    ]
    if rows:
        transaction.execute(insert(asset_watcher), rows)


def _keep_of_dag(
    transaction: Transaction,
    database: Database,
    at: int,
    spec: DagSpec,
    mentioned: Sequence[Reference],
    numbers: Mapping[AssetName, int],
) -> None:
    mine = asset_reference.c.dag_id == spec.dag_id
    columns = [asset_reference.c[name] for name in ("role", "task_id", "kind", "target")]
    known = {tuple(row) for row in transaction.rows(select(*columns).where(mine))}
    wanted = {_key(found, numbers): found for found in mentioned}
    for role, task_id, kind, target in known - wanted.keys():
        transaction.execute(
            delete(asset_reference).where(
                mine,
                asset_reference.c.role == role,
                asset_reference.c.task_id == task_id,
                asset_reference.c.kind == kind,
                asset_reference.c.target == target,
            )
        )
    transaction.execute(update(asset_reference).where(mine).values(updated_at=at))
    rows = []
    for key in [key for key in wanted if key not in known]:
        role, task_id, kind, target = key
        rows.append(
            {
                "dag_id": spec.dag_id,
                "role": role,
                "task_id": task_id,
                "kind": kind,
                "target": target,
                "asset_pk": int(target) if kind == ReferenceKind.ASSET else None,
                "created_at": at,
                "updated_at": at,
            }
        )
    if rows:
        transaction.execute(insert(asset_reference), rows)
    _keep_consumer(transaction, database, spec, [key for key in wanted if key[0] == Role.SCHEDULE])


def _key(found: Reference, numbers: Mapping[AssetName, int]) -> tuple[str, str, str, str]:
    match found.kind:
        case ReferenceKind.ASSET:
            target = str(numbers[AssetName(found.name, found.uri)])
        case ReferenceKind.URI:
            target = found.uri
        case _:
            target = found.name
    return found.role.value, found.task_id, found.kind.value, target


def _keep_consumer(
    transaction: Transaction,
    database: Database,
    spec: DagSpec,
    waits_for: Sequence[tuple[str, str, str, str]],
) -> None:
    mine = asset_consumer.c.dag_id == spec.dag_id
    if not waits_for:
        transaction.execute(delete(asset_consumer).where(mine))
        return
    known = transaction.rows(select(asset_consumer.c.partitioning).where(mine))
    now = partitioning(spec.schedule)
    if not known:
        # Without catchup, what was before the DAG began to wait is not its concern.
        latest = 0 if spec.catchup else transaction.value(select(func.max(asset_event.c.pk))) or 0
        row = {"dag_id": spec.dag_id, "seen_event_pk": latest, "partitioning": now}
        columns = list(row)
        statement = upsert(database.dialect, asset_consumer, columns, ["dag_id"])
        transaction.execute(statement, [row])
        return
    if known[0][0] != now:
        # What was sorted into partitions by other rules cannot be completed by these.
        transaction.execute(delete(partition_queue).where(partition_queue.c.dag_id == spec.dag_id))
        transaction.execute(update(asset_consumer).where(mine).values(partitioning=now))
    _drop_unwaited(transaction, spec.dag_id)


def _drop_unwaited(transaction: Transaction, dag_id: str) -> None:
    """Remove what waits for a DAG that does not wait for it any more."""
    waited = assets_waited_for(dag_id)
    mine = asset_queue.c.dag_id == dag_id
    transaction.execute(delete(asset_queue).where(mine, asset_queue.c.asset_pk.not_in(waited)))
    events = select(asset_event.c.pk).where(asset_event.c.asset_pk.in_(waited))
    transaction.execute(
        delete(partition_queue).where(
            partition_queue.c.dag_id == dag_id, partition_queue.c.event_pk.not_in(events)
        )
    )
