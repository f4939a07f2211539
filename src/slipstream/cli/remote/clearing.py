"""Clearing on a server: what would run again is shown before it is cleared."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping

import msgspec

from slipstream.cli.asking import confirm
from slipstream.cli.remote.finding import Instance
from slipstream.cli.remote.server import Server
from slipstream.model.json import JsonValue


class _Cleared(msgspec.Struct, kw_only=True):
    task_instances: list[Instance] = []


def clear_chosen(
    server: Server, chosen: Mapping[str, dict[str, JsonValue]], arguments: Namespace
) -> None:
    """Clear what the bodies, by their paths, choose, after a confirmation; a dry run lists it."""
    found = [
        instance
        for path, body in chosen.items()
        for instance in server.post(path, {**body, "dry_run": True}, _Cleared).task_instances
    ]
    if not found:
        print("There is nothing to clear.")
        return
    runs = {(one.dag_id, one.dag_run_id) for one in found}
    if arguments.dry_run or not arguments.yes:
        for one in found:
            print(f"  {one.described}  {one.state or 'none'}")
    if arguments.dry_run:
        print(f"{len(found)} task instances of {len(runs)} runs would run again.")
        return
    confirm(f"These {len(found)} task instances will run again. Go on?", yes=arguments.yes)
    for path, body in chosen.items():
        server.post(path, {**body, "dry_run": False}, _Cleared)
    print(f"Cleared {len(found)} task instances of {len(runs)} runs.")
