"""Which assets, and which of their events, a DAG waits for: in SQL."""

from __future__ import annotations

from typing import TypeAlias

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    false,
    literal_column,
    or_,
    select,
    union,
)

from slipstream.core.assets import ReferenceKind, Role
from slipstream.store.asset_tables import (
    asset,
    asset_alias,
    asset_alias_member,
    asset_consumer,
    asset_event,
    asset_event_alias,
    asset_reference,
)
from slipstream.store.tables import dag

DagId: TypeAlias = "str | BindParameter[str]"


def in_schedule(dag_id: DagId | None, kind: ReferenceKind) -> ColumnElement[bool]:
    """References of that kind in the schedule of that DAG; None for any DAG."""
    conditions = [
        # Written out: hot statements have no parameters but those that they are given.
        asset_reference.c.role == literal_column(f"'{Role.SCHEDULE.value}'"),
        asset_reference.c.kind == literal_column(f"'{kind.value}'"),
    ]
    if dag_id is not None:
        conditions.append(asset_reference.c.dag_id == dag_id)
    return and_(*conditions)


def _directly(by_asset: DagId, by_name: DagId, by_uri: DagId) -> list[Select[tuple[int]]]:
    return [
        select(asset_reference.c.asset_pk).where(in_schedule(by_asset, ReferenceKind.ASSET)),
        select(asset.c.pk)
        .join(asset_reference, asset_reference.c.target == asset.c.name)
        .where(in_schedule(by_name, ReferenceKind.NAME)),
        select(asset.c.pk)
        .join(asset_reference, asset_reference.c.target == asset.c.uri)
        .where(in_schedule(by_uri, ReferenceKind.URI)),
    ]


def assets_waited_for(dag_id: str) -> CompoundSelect[tuple[int]]:
    """The numbers of the assets whose updates the DAG waits for."""
    through = (
        select(asset_alias_member.c.asset_pk)
        .join(asset_alias, asset_alias.c.pk == asset_alias_member.c.alias_pk)
        .join(asset_reference, asset_reference.c.target == asset_alias.c.name)
        .where(in_schedule(dag_id, ReferenceKind.ALIAS))
    )
    return union(*_directly(dag_id, dag_id, dag_id), through)


def events_waited_for(
    by_asset: DagId, by_name: DagId, by_uri: DagId, by_alias: DagId
) -> ColumnElement[bool]:
    """The events that are a DAG's: of its assets, and those that came through its aliases.

    The DAG is given four times: hot statements name each of their parameters once.
    """
    through = (
        select(asset_event_alias.c.event_pk)
        .join(asset_alias, asset_alias.c.pk == asset_event_alias.c.alias_pk)
        .join(asset_reference, asset_reference.c.target == asset_alias.c.name)
        .where(in_schedule(by_alias, ReferenceKind.ALIAS))
    )
    directly = union(*_directly(by_asset, by_name, by_uri))
    return or_(asset_event.c.asset_pk.in_(directly), asset_event.c.pk.in_(through))


def waiting_consumers(aliases: tuple[str, ...] | None) -> Select[tuple[str, str]]:
    """The consumers that wait for an update and are not paused, `(DAG, its rules for partitions)`.

    The asset is given by the parameters `target` (its number), `name` and `uri`; `aliases` are
    those that it was found through.
    """
    named = [
        and_(in_schedule(None, ReferenceKind.ASSET), asset_reference.c.target == _TARGET),
        and_(in_schedule(None, ReferenceKind.NAME), asset_reference.c.target == _NAME),
        and_(in_schedule(None, ReferenceKind.URI), asset_reference.c.target == _URI),
    ]
    if aliases:
        mine = asset_reference.c.target.in_(aliases)
        named.append(and_(in_schedule(None, ReferenceKind.ALIAS), mine))
    waiting = select(asset_reference.c.dag_id).where(or_(*named))
    return (
        select(asset_consumer.c.dag_id, asset_consumer.c.partitioning)
        .join(dag, dag.c.dag_id == asset_consumer.c.dag_id)
        .where(dag.c.is_paused.is_(false()), asset_consumer.c.dag_id.in_(waiting))
        .order_by(asset_consumer.c.dag_id)
    )


_TARGET: BindParameter[str] = bindparam("target")
_NAME: BindParameter[str] = bindparam("name")
_URI: BindParameter[str] = bindparam("uri")
