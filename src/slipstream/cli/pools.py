"""`slipstream pools`."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError
from slipstream.cli.files import parse_object, read_text, tell_written, write_text
from slipstream.cli.grammar import Group
from slipstream.cli.output import Row, show_rows
from slipstream.cli.paging import every
from slipstream.cli.teams import team_of_entry
from slipstream.model.errors import NotFoundError
from slipstream.model.json import JsonValue
from slipstream.store.interface import PoolRecord, Store

COLUMNS = ("pool", "slots", "description", "include_deferred", "team_name")


def add_commands(group: Group) -> None:
    """The verbs of `pools`."""
    group.verb("list", list_pools, "List the pools").add_output()
    get = group.verb("get", get_pool, "Show a pool")
    get.add_argument("pool", metavar="NAME")
    get.add_output()
    setting = group.verb("set", set_pool, "Create or change a pool")
    setting.add_argument("pool", metavar="NAME")
    setting.add_argument("slots", type=int, help="how many slots; -1 for no limit")
    setting.add_argument("description", help="what it is for")
    setting.add_argument(
        "--include-deferred", action="store_true", help="deferred tasks keep their slots"
    )
    setting.add_argument("--team-name", metavar="TEAM", help="only this team's tasks may use it")
    setting.add_output()
    delete = group.verb("delete", delete_pool, "Remove a pool")
    delete.add_argument("pool", metavar="NAME")
    delete.add_output()
    importing = group.verb("import", import_pools, "Read pools from a JSON file")
    importing.add_argument("file", help="the file, or - for standard input")
    export = group.verb("export", export_pools, "Write all pools to a JSON file")
    export.add_argument("file", help="the file, or - for standard output")


def list_pools(deployment: Deployment, arguments: Namespace) -> None:
    """Print all pools."""
    _show(_all(deployment.store), arguments.output)


def get_pool(deployment: Deployment, arguments: Namespace) -> None:
    """Print one pool."""
    _show([_existing(deployment.store, arguments.pool)], arguments.output)


def set_pool(deployment: Deployment, arguments: Namespace) -> None:
    """Create or change one; a running scheduler notices at once."""
    pool = PoolRecord(
        name=arguments.pool,
        slots=slots_of(arguments.pool, arguments.slots),
        description=arguments.description,
        include_deferred=arguments.include_deferred,
        team_name=_team(deployment, arguments),
    )
    deployment.store.set_pool(pool)
    _show([pool], arguments.output)


def _team(deployment: Deployment, arguments: Namespace) -> str | None:
    """The one that is named; else a pool that is there stays whose it is."""
    if arguments.team_name is not None:
        return team_of_entry(deployment, arguments.team_name)
    known = deployment.store.get_pool(arguments.pool)
    return None if known is None else known.team_name


def delete_pool(deployment: Deployment, arguments: Namespace) -> None:
    """Remove one."""
    pool = _existing(deployment.store, arguments.pool)
    deployment.store.delete_pool(arguments.pool)
    _show([pool], arguments.output)


def import_pools(deployment: Deployment, arguments: Namespace) -> None:
    """Store `{name: {slots, description, include_deferred, team_name}}`; all of it or nothing."""
    entries = parse_object(arguments.file, read_text(arguments.file))
    pools = [pool_record(name, entry) for name, entry in entries.items()]
    for pool in pools:
        team_of_entry(deployment, pool.team_name)
    for pool in pools:
        deployment.store.set_pool(pool)
    print(f"Uploaded {len(pools)} pool(s)")


def export_pools(deployment: Deployment, arguments: Namespace) -> None:
    """Write `{name: {slots, description, include_deferred}}`, with the team where there is one."""
    entries = {
        pool.name: {
            "slots": pool.slots,
            "description": pool.description or "",
            "include_deferred": pool.include_deferred,
            **({} if pool.team_name is None else {"team_name": pool.team_name}),
        }
        for pool in _all(deployment.store)
    }
    write_text(arguments.file, json.dumps(entries, indent=4, sort_keys=True, ensure_ascii=False))
    tell_written(arguments.file, f"Exported {len(entries)} pools to {arguments.file}")


def _all(store: Store) -> Iterable[PoolRecord]:
    return every(lambda window: store.list_pools(None, window))


def _show(pools: Iterable[PoolRecord], output: str) -> None:
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


def _existing(store: Store, name: str) -> PoolRecord:
    pool = store.get_pool(name)
    if pool is None:
        raise NotFoundError(f"There is no pool {name!r}; `slipstream pools list` shows all.")
    return pool


def slots_of(name: str, slots: JsonValue) -> int:
    """The number of slots. Raises `CommandFailedError` for what is none."""
    if isinstance(slots, bool) or not isinstance(slots, int) or slots < -1:
        raise CommandFailedError(
            f"Pool {name!r}: slots is {slots!r}; expected a whole number from 0, "
            f"or -1 for no limit."
        )
    return slots


def pool_record(name: str, entry: JsonValue) -> PoolRecord:
    """A pool of an imported file. Raises `CommandFailedError`."""
    if not isinstance(entry, dict) or "slots" not in entry:
        raise CommandFailedError(f"Pool {name!r} has no slots; expected {{'slots': 4, …}}.")
    description = entry.get("description")
    return PoolRecord(
        name=name,
        slots=slots_of(name, entry["slots"]),
        description=None if description is None else str(description),
        include_deferred=bool(entry.get("include_deferred", False)),
        team_name=None if entry.get("team_name") is None else str(entry["team_name"]),
    )
