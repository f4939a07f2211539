"""`slipstream roles`: what people may do."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import TYPE_CHECKING

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.files import read_text, tell_written, write_text
from slipstream.cli.grammar import Group
from slipstream.cli.output import Row, show_rows
from slipstream.model.errors import AlreadyExistsError, InvalidInputError
from slipstream.model.json import JsonValue

if TYPE_CHECKING:
    from slipstream.store.access_records import GrantRecord
    from slipstream.store.interface import AccessStore


def add_commands(group: Group) -> None:
    """The verbs of `roles`."""
    listing = group.verb("list", list_roles, "List the roles")
    listing.add_argument(
        "-p", "--permission", action="store_true", help="with what they give, one to a line"
    )
    listing.add_output()
    create = group.verb("create", create_roles, "Create roles that give nothing yet")
    create.add_argument("role", nargs="*", metavar="ROLE")
    delete = group.verb("delete", delete_roles, "Remove roles; built-in ones begin anew")
    delete.add_argument("role", nargs="*", metavar="ROLE")
    for name, run, about in (
        ("add-perms", add_permissions, "Let roles give more"),
        ("del-perms", remove_permissions, "Let roles give less"),
    ):
        verb = group.verb(name, run, about)
        verb.add_argument("role", nargs="+", metavar="ROLE")
        verb.add_argument(
            "-r", "--resource", nargs="+", required=True, help="DAGs, Variables, DAG:sales …"
        )
        verb.add_argument(
            "-a", "--action", nargs="+", default=[], help="can_read, can_create, can_edit …"
        )
    export = group.verb("export", export_roles, "Write roles to a JSON file")
    export.add_argument("file", metavar="FILEPATH", help="the file, or - for standard output")
    export.add_argument("-p", "--pretty", action="store_true", help="one entry to a line")
    importing = group.verb("import", import_roles, "Create roles from a JSON file")
    importing.add_argument("file", metavar="FILEPATH", help="the file, or - for standard input")


def list_roles(deployment: Deployment, arguments: Namespace) -> None:
    """Print all roles."""
    from slipstream.api.auth.grants import fab_action, fab_resource
    from slipstream.api.auth.people import all_roles

    roles = all_roles(deployment.store)
    if not arguments.permission:
        show_rows(({"name": role.name} for role in roles), arguments.output, columns=("name",))
        return
    rows: list[Row] = [
        {"name": role.name, "resource": fab_resource(grant), "action": fab_action(grant.action)}
        for role in roles
        for grant in sorted(role.grants, key=lambda grant: (grant.resource, grant))
    ]
    show_rows(rows, arguments.output, columns=("name", "resource", "action"))


def create_roles(deployment: Deployment, arguments: Namespace) -> None:
    """Make them."""
    from slipstream.store.access_records import RoleRecord

    known = set(_grants(deployment.store))
    for name in named_roles(arguments):
        if name in known:
            raise AlreadyExistsError(f"There already is a role {name!r}.")
    for name in named_roles(arguments):
        deployment.store.put_role(RoleRecord(name=name, grants=frozenset()))
    print(f"Added {len(arguments.role)} role(s)")


def delete_roles(deployment: Deployment, arguments: Namespace) -> None:
    """Remove them."""
    from slipstream.api.auth.access import BuiltIn
    from slipstream.api.auth.people import existing_role

    store = deployment.store
    for name in named_roles(arguments):
        existing_role(store, name)
    count = sum(
        store.delete_role(name, from_members=BuiltIn.known_as(name) is None)
        for name in named_roles(arguments)
    )
    print(f"Deleted {count} role(s)")


def add_permissions(deployment: Deployment, arguments: Namespace) -> None:
    """Give each of the roles each of the actions on each of the resources."""
    _change(deployment, arguments, added=True)


def remove_permissions(deployment: Deployment, arguments: Namespace) -> None:
    """Take them away."""
    _change(deployment, arguments, added=False)


def export_roles(deployment: Deployment, arguments: Namespace) -> None:
    """Write `[{name, action, resource}]`; a role that gives nothing has one entry without."""
    from slipstream.api.auth.grants import fab_action, fab_resource

    entries: list[dict[str, str]] = []
    for name, grants in _grants(deployment.store).items():
        by_resource: dict[str, list[str]] = {}
        for grant in sorted(grants):
            by_resource.setdefault(fab_resource(grant), []).append(fab_action(grant.action))
        entries += [
            {"name": name, "resource": resource, "action": ",".join(actions)}
            for resource, actions in sorted(by_resource.items())
        ] or [{"name": name, "resource": "", "action": ""}]
    indent = 4 if arguments.pretty else None
    write_text(arguments.file, json.dumps(entries, indent=indent, ensure_ascii=False))
    tell_written(
        arguments.file,
        f"{len({entry['name'] for entry in entries})} roles exported to {arguments.file}",
    )


def import_roles(deployment: Deployment, arguments: Namespace) -> None:
    """Store what `export` writes. Of Airflow's actions `menu_access` means nothing here, and what
    is about pages of its old web app is left out with a word."""
    from slipstream.api.auth.access import BuiltIn, role_name
    from slipstream.api.auth.grants import grant_from_fab
    from slipstream.store.access_records import RoleRecord

    found: dict[str, set[GrantRecord]] = {}
    for entry in role_entries(arguments.file):
        name, resource = role_name(str(entry["name"])), str(entry.get("resource") or "")
        grants = found.setdefault(name, set())
        for action in str(entry.get("action") or "").split(","):
            if not (action and resource) or action == "menu_access":
                continue
            try:
                grants.add(grant_from_fab(action, resource))
            except InvalidInputError as error:
                print(f"{name}: left out {action} on {resource}. {error}")
    known = dict(_grants(deployment.store))
    count = 0
    for name, wanted in found.items():
        if BuiltIn.known_as(name) is BuiltIn.ADMIN or known.get(name) == frozenset(wanted):
            continue
        deployment.store.put_role(RoleRecord(name=name, grants=frozenset(wanted)))
        count += 1
    print(f"Roles imported: {count} of {len(found)}; the others are as they were")


def _change(deployment: Deployment, arguments: Namespace, *, added: bool) -> None:
    from slipstream.api.auth.access import Action, BuiltIn
    from slipstream.api.auth.grants import grant_from_fab
    from slipstream.api.auth.people import existing_role
    from slipstream.store.access_records import RoleRecord

    actions = arguments.action or [f"can_{action}" for action in Action]
    try:
        grants = {grant_from_fab(a, r) for a in actions for r in arguments.resource}
    except InvalidInputError as error:
        raise UsageError(str(error)) from error
    for name in named_roles(arguments):
        role = existing_role(deployment.store, name)
        if BuiltIn.known_as(role.name) is BuiltIn.ADMIN:
            raise CommandFailedError("The role Admin gives everything, and goes on to.")
        after = role.grants | grants if added else role.grants - grants
        deployment.store.put_role(RoleRecord(name=role.name, grants=after))
        changed = len(after ^ role.grants)
        print(f"{role.name}: {'added' if added else 'removed'} {changed} permission(s)")


def named_roles(arguments: Namespace) -> list[str]:
    """The roles that a command names. Raises `UsageError`."""
    from slipstream.api.auth.access import role_name

    if not arguments.role:
        raise UsageError("Name at least one role.")
    return [role_name(name) for name in arguments.role]


def _grants(store: AccessStore) -> dict[str, frozenset[GrantRecord]]:
    from slipstream.api.auth.people import all_roles

    return {role.name: role.grants for role in all_roles(store)}


def role_entries(file: str) -> list[dict[str, JsonValue]]:
    """The permissions of a file. Raises `CommandFailedError`."""
    try:
        found = json.loads(read_text(file))
    except ValueError as error:
        raise CommandFailedError(f"{file} is no JSON: {error}.") from error
    if not isinstance(found, list) or not all(
        isinstance(entry, dict) and entry.get("name") for entry in found
    ):
        raise CommandFailedError(
            f"{file} has no list of permissions; expected [{{'name': 'Team', 'resource': 'DAGs', "
            "'action': 'can_read,can_edit'}, …]."
        )
    return found
