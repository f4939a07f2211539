"""Pools."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, creating, deleting, editing, reading
from slipstream.api.bulk import Target, carry_out
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.bulk import BulkBody, BulkResponse
from slipstream.api.payloads.filters import Paging, like
from slipstream.api.payloads.settings import (
    PoolBody,
    PoolCollectionResponse,
    PoolPatchBody,
    PoolResponse,
)
from slipstream.api.teams import chosen_team
from slipstream.api.update_mask import changed_fields
from slipstream.model.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from slipstream.store.records import PoolRecord, PoolUse

routes = Routes("Pool")

_POOL: Final = "/pools/{pool_name:path}"
_DEFAULT: Final = "default_pool"
_UNUSED: Final = PoolUse(running=0, queued=0, scheduled=0, deferred=0)
_ORDER: Final = {
    "id": "name",
    "name": "name",
    "pool": "name",
    "slots": "slots",
    "description": "description",
    "include_deferred": "include_deferred",
}


class PoolQuery(Paging):
    """Which pools."""

    pool_name_pattern: str | None = None
    pool_name_prefix_pattern: str | None = None


@routes.add("GET", "/pools", permission=reading(Resource.POOL), answer=PoolCollectionResponse)
def get_pools(call: Call, query: Annotated[PoolQuery, QueryParameter()]) -> PoolCollectionResponse:
    """A page of pools."""
    pattern = like(query.pool_name_pattern, query.pool_name_prefix_pattern)
    page = call.store.list_pools(pattern, query.window(call.settings, _ORDER))
    use = call.store.pool_use()
    return PoolCollectionResponse(
        pools=[_payload(pool, use.get(pool.name, _UNUSED)) for pool in page.items],
        total_entries=page.total,
    )


@routes.add("POST", "/pools", permission=creating(Resource.POOL), answer=PoolResponse, status=201)
def post_pool(call: Call, body: PoolBody) -> PoolResponse:
    """Create a pool."""
    if call.store.get_pool(body.name) is not None:
        raise AlreadyExistsError(f"There is a pool {body.name!r} already; PATCH changes it.")
    pool = PoolRecord(
        name=body.name,
        slots=body.slots,
        description=body.description,
        include_deferred=body.include_deferred,
        team_name=chosen_team(call, body.team_name),
    )
    call.store.set_pool(pool)
    return _payload(pool, call.store.pool_use().get(pool.name, _UNUSED))


@routes.add("PATCH", "/pools", permission=editing(Resource.POOL), answer=BulkResponse)
def bulk_pools(call: Call, body: BulkBody[PoolBody]) -> BulkResponse:
    """Create, change and remove pools."""

    def change(pool: PoolBody, mask: list[str] | None) -> object:
        sent = pool.model_dump(exclude_unset=True, exclude={"name"})
        kept = {name: value for name, value in sent.items() if mask is None or name in mask}
        return patch_pool(call, pool.name, PoolPatchBody(**kept))

    def name_of(pool: str | PoolBody) -> str:
        return pool if isinstance(pool, str) else pool.name

    target = Target[PoolBody](
        noun="pools",
        key=name_of,
        exists=lambda pool: call.store.get_pool(name_of(pool)) is not None,
        create=lambda pool: post_pool(call, pool),
        update=change,
        delete=lambda pool: delete_pool(call, name_of(pool)),
    )
    return carry_out(body, target)


@routes.add("GET", _POOL, permission=reading(Resource.POOL), answer=PoolResponse)
def get_pool(call: Call, pool_name: str) -> PoolResponse:
    """One pool."""
    pool = _stored(call, pool_name)
    return _payload(pool, call.store.pool_use().get(pool_name, _UNUSED))


@routes.add("PATCH", _POOL, permission=editing(Resource.POOL), answer=PoolResponse)
def patch_pool(
    call: Call,
    pool_name: str,
    body: PoolPatchBody,
    update_mask: Annotated[list[str] | None, QueryParameter()] = None,
) -> PoolResponse:
    """Change a pool's size, description, team, or whether deferred tasks hold its slots."""
    changed = changed_fields(body, update_mask)
    if "pool" in changed and body.pool not in (None, pool_name):
        raise InvalidInputError(
            f"The body's pool {body.pool!r} is not the path's {pool_name!r}: a pool keeps its name."
        )
    pool = _stored(call, pool_name)
    if pool_name == _DEFAULT and "description" in changed:
        raise InvalidInputError(
            "Only slots and include_deferred can be changed on the default pool."
        )
    if "slots" in changed and body.slots is not None:
        pool = replace(pool, slots=body.slots)
    if "description" in changed:
        pool = replace(pool, description=body.description)
    if "include_deferred" in changed and body.include_deferred is not None:
        pool = replace(pool, include_deferred=body.include_deferred)
    if "team_name" in changed:
        pool = replace(pool, team_name=chosen_team(call, body.team_name))
    call.store.set_pool(pool)
    return _payload(pool, call.store.pool_use().get(pool_name, _UNUSED))


@routes.add("DELETE", _POOL, permission=deleting(Resource.POOL), status=204)
def delete_pool(call: Call, pool_name: str) -> None:
    """Remove a pool."""
    if pool_name == _DEFAULT:
        raise InvalidInputError("The default pool cannot be deleted.")
    if not call.store.delete_pool(pool_name):
        raise _missing(pool_name)


def _stored(call: Call, name: str) -> PoolRecord:
    pool = call.store.get_pool(name)
    if pool is None:
        raise _missing(name)
    return pool


def _missing(name: str) -> NotFoundError:
    return NotFoundError(f"The Pool with name: {name!r} was not found")


def _payload(pool: PoolRecord, use: PoolUse) -> PoolResponse:
    occupied = use.running + use.queued + (use.deferred if pool.include_deferred else 0)
    return PoolResponse(
        name=pool.name,
        slots=pool.slots,
        description=pool.description,
        include_deferred=pool.include_deferred,
        occupied_slots=occupied,
        running_slots=use.running,
        queued_slots=use.queued,
        scheduled_slots=use.scheduled,
        open_slots=-1 if pool.slots < 0 else pool.slots - occupied,
        deferred_slots=use.deferred,
        team_name=pool.team_name,
    )
