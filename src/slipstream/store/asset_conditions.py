"""Which assets, and which of their events, a DAG waits for: in SQL."""

from __future__ import annotations

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, or_, select, union

from slipstream.core.assets import ReferenceKind, Role
from slipstream.store.tables import (
    asset,
    asset_alias,
    asset_alias_member,
    asset_event,
    asset_event_alias,
    asset_reference,
)


def in_schedule(dag_id: str | None, kind: ReferenceKind) -> ColumnElement[bool]:
    """References of that kind in the schedule of that DAG; None for any DAG."""
    conditions = [
        asset_reference.c.role == Role.SCHEDULE.value,
        asset_reference.c.kind == kind.value,
    ]
    if dag_id is not None:
        conditions.append(asset_reference.c.dag_id == dag_id)
    return and_(*conditions)


def _directly(dag_id: str) -> list[Select[tuple[int]]]:
    return [
        select(asset_reference.c.asset_pk).where(in_schedule(dag_id, ReferenceKind.ASSET)),
        select(asset.c.pk)
        .join(asset_reference, asset_reference.c.target == asset.c.name)
        .where(in_schedule(dag_id, ReferenceKind.NAME)),
        select(asset.c.pk)
        .join(asset_reference, asset_reference.c.target == asset.c.uri)
        .where(in_schedule(dag_id, ReferenceKind.URI)),
    ]


def assets_waited_for(dag_id: str) -> CompoundSelect[tuple[int]]:
    """The numbers of the assets whose updates the DAG waits for."""
    through = (
        select(asset_alias_member.c.asset_pk)
        .join(asset_alias, asset_alias.c.pk == asset_alias_member.c.alias_pk)
        .join(asset_reference, asset_reference.c.target == asset_alias.c.name)
        .where(in_schedule(dag_id, ReferenceKind.ALIAS))
    )
    return union(*_directly(dag_id), through)


def events_waited_for(dag_id: str) -> ColumnElement[bool]:
    """The events that are the DAG's: of its assets, and those that came through its aliases."""
    through = (
        select(asset_event_alias.c.event_pk)
        .join(asset_alias, asset_alias.c.pk == asset_event_alias.c.alias_pk)
        .join(asset_reference, asset_reference.c.target == asset_alias.c.name)
        .where(in_schedule(dag_id, ReferenceKind.ALIAS))
    )
    return or_(asset_event.c.asset_pk.in_(union(*_directly(dag_id))), asset_event.c.pk.in_(through))


def waiting_dags(
    asset_pk: int, name: str, uri: str, aliases: tuple[str, ...]
) -> Select[tuple[str]]:
    """The DAGs that wait for an update of that asset, found through these aliases."""
    named = [
        and_(in_schedule(None, ReferenceKind.ASSET), asset_reference.c.target == str(asset_pk)),
        and_(in_schedule(None, ReferenceKind.NAME), asset_reference.c.target == name),
        and_(in_schedule(None, ReferenceKind.URI), asset_reference.c.target == uri),
    ]
    if aliases:
        mine = asset_reference.c.target.in_(aliases)
        named.append(and_(in_schedule(None, ReferenceKind.ALIAS), mine))
    return select(asset_reference.c.dag_id).where(or_(*named)).distinct()
