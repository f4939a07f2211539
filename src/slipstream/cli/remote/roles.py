"""`slipstream roles` on a server."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from slipstream.cli.files import tell_written, write_text
from slipstream.cli.output import Row, show_rows
from slipstream.cli.remote.server import Server, place
from slipstream.cli.roles import named_roles, role_entries
from slipstream.model.errors import NotFoundError
from slipstream.model.json import JsonValue

_ROLES: Final = "/auth/fab/v1/roles"
_ACTIONS: Final = ("can_read", "can_create", "can_edit", "can_delete")
_OF_MENUS: Final = "menu_access"

Given = tuple[str, str]
"""`(action, resource)`."""


class _Named(msgspec.Struct, kw_only=True):
    name: str


class _Given(msgspec.Struct, kw_only=True):
    action: _Named
    resource: _Named


class _Role(msgspec.Struct, kw_only=True):
    name: str
    actions: list[_Given] = []

    @property
    def given(self) -> list[Given]:
        """What it gives."""
        return [(one.action.name, one.resource.name) for one in self.actions]


def list_roles(server: Server, arguments: Namespace) -> None:
    """Print all roles."""
    roles = list(_all(server))
    if not arguments.permission:
        show_rows(({"name": role.name} for role in roles), arguments.output, columns=("name",))
        return
    rows: list[Row] = [
        {"name": role.name, "resource": resource, "action": action}
        for role in roles
        for action, resource in role.given
    ]
    show_rows(rows, arguments.output, columns=("name", "resource", "action"))


def create_roles(server: Server, arguments: Namespace) -> None:
    """Make them."""
    for name in named_roles(arguments):
        server.post(_ROLES, {"name": name, "actions": []}, _Role)
    print(f"Added {len(arguments.role)} role(s)")


def delete_roles(server: Server, arguments: Namespace) -> None:
    """Remove them."""
    names = named_roles(arguments)
    for name in names:
        server.get(_place(name), _Role)
    for name in names:
        server.send("DELETE", _place(name))
    print(f"Deleted {len(names)} role(s)")


def add_permissions(server: Server, arguments: Namespace) -> None:
    """Give each of the roles each of the actions on each of the resources."""
    _change(server, arguments, added=True)


def remove_permissions(server: Server, arguments: Namespace) -> None:
    """Take them away."""
    _change(server, arguments, added=False)


def export_roles(server: Server, arguments: Namespace) -> None:
    """Write `[{name, action, resource}]`; a role that gives nothing has one entry without."""
    entries: list[dict[str, str]] = []
    for role in _all(server):
        by_resource: dict[str, list[str]] = {}
        for action, resource in sorted(role.given):
            by_resource.setdefault(resource, []).append(action)
        entries += [
            {"name": role.name, "resource": resource, "action": ",".join(actions)}
            for resource, actions in sorted(by_resource.items())
        ] or [{"name": role.name, "resource": "", "action": ""}]
    indent = 4 if arguments.pretty else None
    write_text(arguments.file, json.dumps(entries, indent=indent, ensure_ascii=False))
    tell_written(
        arguments.file,
        f"{len({entry['name'] for entry in entries})} roles exported to {arguments.file}",
    )


def import_roles(server: Server, arguments: Namespace) -> None:
    """Store what `export` writes; what a server knows nothing of is left out with a word."""
    found: dict[str, set[Given]] = {}
    known_resources = {given[1] for given in _all_given(server)}
    for entry in role_entries(arguments.file):
        name, resource = str(entry["name"]), str(entry.get("resource") or "")
        given = found.setdefault(name, set())
        for action in str(entry.get("action") or "").split(","):
            if not (action and resource) or action == _OF_MENUS:
                continue
            if ":" in resource or "@" in resource or resource in known_resources:
                given.add((action, resource))
            else:
                print(f"{name}: left out {action} on {resource}. There is no such resource.")
    known = {role.name: set(role.given) for role in _all(server)}
    count = 0
    for name, wanted in found.items():
        if name == "Admin" or known.get(name) == wanted:
            continue
        _put(server, name, wanted, is_new=name not in known)
        count += 1
    print(f"Roles imported: {count} of {len(found)}; the others are as they were")


def _change(server: Server, arguments: Namespace, *, added: bool) -> None:
    actions = arguments.action or _ACTIONS
    asked = {(action, resource) for action in actions for resource in arguments.resource}
    for name in named_roles(arguments):
        before = set(_existing(server, name).given)
        _put(server, name, before | asked if added else before - asked, is_new=False)
        changed = len(before ^ set(_existing(server, name).given))
        print(f"{name}: {'added' if added else 'removed'} {changed} permission(s)")


def _all(server: Server) -> Iterator[_Role]:
    return server.every(_ROLES, "roles", _Role)


def _all_given(server: Server) -> Iterator[Given]:
    for one in server.every("/auth/fab/v1/permissions", "actions", _Given):
        yield one.action.name, one.resource.name


def _existing(server: Server, name: str) -> _Role:
    try:
        return server.get(_place(name), _Role)
    except NotFoundError as error:
        raise NotFoundError(
            f"There is no role {name!r}; `slipstream roles list` shows all."
        ) from error


def _put(server: Server, name: str, given: Iterable[Given], *, is_new: bool) -> None:
    actions: list[JsonValue] = [
        {"action": {"name": action}, "resource": {"name": resource}}
        for action, resource in sorted(given)
    ]
    body: dict[str, JsonValue] = {"name": name, "actions": actions}
    if is_new:
        server.post(_ROLES, body, _Role)
    else:
        server.patch(_place(name), body, _Role)


def _place(name: str) -> str:
    return place(name, base=_ROLES)
