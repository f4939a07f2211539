"""`slipstream pools` on a server."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable

import msgspec

from slipstream.cli.files import parse_object, read_text, tell_written, write_text
from slipstream.cli.output import Row, show_rows
from slipstream.cli.pools import COLUMNS, pool_record, slots_of
from slipstream.cli.remote.server import Server, place
from slipstream.model.errors import NotFoundError


class _Pool(msgspec.Struct, kw_only=True):
    name: str
    slots: int
    description: str | None = None
    include_deferred: bool = False
    team_name: str | None = None


def list_pools(server: Server, arguments: Namespace) -> None:
    """Print all pools."""
    _show(_all(server), arguments.output)


def get_pool(server: Server, arguments: Namespace) -> None:
    """Print one pool."""
    _show([_existing(server, arguments.pool)], arguments.output)


def set_pool(server: Server, arguments: Namespace) -> None:
    """Create or change one; the scheduler notices at once."""
    pool = _Pool(
        name=arguments.pool,
        slots=slots_of(arguments.pool, arguments.slots),
        description=arguments.description,
        include_deferred=arguments.include_deferred,
        team_name=arguments.team_name,
    )
    if pool.team_name is None:
        known = {one.name: one.team_name for one in _all(server)}
        pool = msgspec.structs.replace(pool, team_name=known.get(pool.name))
    _put(server, [pool])
    _show([pool], arguments.output)


def delete_pool(server: Server, arguments: Namespace) -> None:
    """Remove one."""
    pool = _existing(server, arguments.pool)
    server.send("DELETE", place("pools", pool.name))
    _show([pool], arguments.output)


def import_pools(server: Server, arguments: Namespace) -> None:
    """Store `{name: {slots, description, include_deferred, team_name}}`."""
    entries = parse_object(arguments.file, read_text(arguments.file))
    pools = []
    for name, entry in entries.items():
        record = pool_record(name, entry)
        pools.append(
            _Pool(
                name=name,
                slots=record.slots,
                description=record.description,
                include_deferred=record.include_deferred,
                team_name=record.team_name,
            )
        )
    _put(server, pools)
    print(f"Uploaded {len(pools)} pool(s)")


def export_pools(server: Server, arguments: Namespace) -> None:
    """Write `{name: {slots, description, include_deferred}}`, with the team where there is one."""
    entries = {
        pool.name: {
            "slots": pool.slots,
            "description": pool.description or "",
            "include_deferred": pool.include_deferred,
            **({} if pool.team_name is None else {"team_name": pool.team_name}),
        }
        for pool in _all(server)
    }
    write_text(arguments.file, json.dumps(entries, indent=4, sort_keys=True, ensure_ascii=False))
    tell_written(arguments.file, f"Exported {len(entries)} pools to {arguments.file}")


def _all(server: Server) -> Iterable[_Pool]:
    return server.every(place("pools"), "pools", _Pool)


def _existing(server: Server, name: str) -> _Pool:
    try:
        return server.get(place("pools", name), _Pool)
    except NotFoundError as error:
        raise NotFoundError(
            f"There is no pool {name!r}; `slipstream pools list` shows all."
        ) from error


def _put(server: Server, pools: Iterable[_Pool]) -> None:
    """Create those that are not there and change those that are."""
    known = {pool.name: pool for pool in _all(server)}
    for pool in pools:
        before = known.get(pool.name)
        if before is None:
            server.post(place("pools"), pool, _Pool)
            continue
        was = msgspec.structs.asdict(before)
        changed = {
            name: value
            for name, value in msgspec.structs.asdict(pool).items()
            if value != was[name]
        }
        if changed:
            mask = sorted(changed)
            server.patch(place("pools", pool.name), changed, _Pool, update_mask=mask)


def _show(pools: Iterable[_Pool], output: str) -> None:
    rows: list[Row] = [
        {
            "pool": pool.name,
            "slots": pool.slots,
            "description": pool.description,
            "include_deferred": pool.include_deferred,
            "team_name": pool.team_name,
        }
        for pool in pools
    ]
    show_rows(rows, output, columns=COLUMNS)
