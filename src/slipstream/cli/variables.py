"""`slipstream variables`."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.files import parse_object, read_text, tell_written, write_text
from slipstream.cli.grammar import Group
from slipstream.cli.output import show_rows
from slipstream.cli.paging import every
from slipstream.cli.teams import team_of_entry
from slipstream.model.errors import NotFoundError
from slipstream.model.json import JsonValue
from slipstream.sdk._sensitive import is_sensitive_name
from slipstream.store.interface import Store, VariableRecord

MASK = "***"
_WHOLE = {"value", "description", "team_name"}


def add_commands(group: Group) -> None:
    """The verbs of `variables`."""
    listed = group.verb("list", list_variables, "List the variables")
    listed.add_argument("--show-values", action="store_true", help="with their values")
    listed.add_argument(
        "--hide-sensitive",
        action="store_true",
        help="with --show-values: hide the values of those whose names stand for secrets",
    )
    listed.add_output()
    get = group.verb("get", get_variable, "Print a variable's value")
    get.add_argument("key")
    get.add_argument("-d", "--default", metavar="VALUE", help="print this if there is none")
    get.add_argument("-j", "--json", action="store_true", help="the value must be JSON")
    setting = group.verb("set", set_variable, "Create or replace a variable")
    setting.add_argument("key")
    setting.add_argument("value", metavar="VALUE")
    setting.add_argument("--description", help="what it is for")
    setting.add_argument("-j", "--json", action="store_true", help="the value must be JSON")
    group.verb("delete", delete_variable, "Remove a variable").add_argument("key")
    importing = group.verb("import", import_variables, "Read variables from a JSON or YAML file")
    importing.add_argument("file", help="the file, or - for standard input")
    importing.add_argument(
        "-a",
        "--action-on-existing-key",
        choices=("overwrite", "fail", "skip"),
        default="overwrite",
        help="what to do with a variable that is there already (default: overwrite)",
    )
    export = group.verb("export", export_variables, "Write all variables to a JSON file")
    export.add_argument("file", help="the file, or - for standard output")


def list_variables(deployment: Deployment, arguments: Namespace) -> None:
    """Print the keys and descriptions; values may be secret."""
    show_rows(
        (
            {
                "key": found.key,
                "value": MASK
                if arguments.hide_sensitive and is_sensitive_name(found.key)
                else found.value,
                "description": found.description,
            }
            for found in _all(deployment.store)
        ),
        arguments.output,
        columns=columns(shows_values=arguments.show_values),
    )


def columns(*, shows_values: bool) -> tuple[str, ...]:
    """What is printed of each."""
    return ("key", "value", "description") if shows_values else ("key", "description")


def get_variable(deployment: Deployment, arguments: Namespace) -> None:
    """Print one value."""
    found = deployment.store.get_variable(arguments.key)
    value = arguments.default if found is None else found.value
    if value is None:
        raise NotFoundError(
            f"There is no variable {arguments.key!r}; `slipstream variables list` shows all."
        )
    if arguments.json:
        print(json.dumps(parsed(value, arguments.key), indent=2, ensure_ascii=False))
    else:
        print(value)


def set_variable(deployment: Deployment, arguments: Namespace) -> None:
    """Store one value; a variable that is there stays whose it is."""
    if arguments.json:
        parsed(arguments.value, arguments.key)
    known = deployment.store.get_variable(arguments.key)
    deployment.store.set_variable(
        VariableRecord(
            key=arguments.key,
            value=arguments.value,
            description=arguments.description,
            team_name=None if known is None else known.team_name,
        )
    )
    print(f"Variable {arguments.key} created")


def delete_variable(deployment: Deployment, arguments: Namespace) -> None:
    """Remove one."""
    if not deployment.store.delete_variable(arguments.key):
        raise NotFoundError(
            f"There is no variable {arguments.key!r}; `slipstream variables list` shows all."
        )
    print(f"Variable {arguments.key} deleted")


def import_variables(deployment: Deployment, arguments: Namespace) -> None:
    """Store every entry of a file; `{key: value}`, `{key: {value, description}}`, or with the
    team_name as well."""
    store = deployment.store
    entries = parse_object(arguments.file, read_text(arguments.file))
    records = [variable_record(key, value) for key, value in entries.items()]
    existing = {found.key: found.team_name for found in _all(store)}
    for record in records:
        team_of_entry(deployment, record.team_name)
    if arguments.action_on_existing_key == "fail" and existing.keys() & set(entries):
        taken = ", ".join(sorted(existing.keys() & set(entries)))
        raise CommandFailedError(f"Nothing was imported: there already is {taken}.")
    keep = existing.keys() if arguments.action_on_existing_key == "skip" else set()
    chosen = [record for record in records if record.key not in keep]
    for record in chosen:
        team = record.team_name or existing.get(record.key)
        store.set_variable(replace(record, team_name=team))
    print(f"{len(chosen)} of {len(records)} variables successfully imported.")


def export_variables(deployment: Deployment, arguments: Namespace) -> None:
    """Write `{key: value}`, with the description and the team where there is one."""
    entries = {
        found.key: exported(found.value, found.description, found.team_name)
        for found in _all(deployment.store)
    }
    write_text(arguments.file, json.dumps(entries, indent=4, sort_keys=True, ensure_ascii=False))
    tell_written(
        arguments.file, f"{len(entries)} variables successfully exported to {arguments.file}"
    )


def _all(store: Store) -> Iterator[VariableRecord]:
    return every(lambda window: store.list_variables(None, window))


def exported(value: str, description: str | None, team_name: str | None) -> JsonValue:
    """An entry of an exported file."""
    if team_name is not None:
        return {"value": as_json(value), "description": description, "team_name": team_name}
    return {"value": as_json(value), "description": description} if description else as_json(value)


def parsed(text: str, key: str) -> JsonValue:
    """The JSON value of the text. Raises `UsageError` where it holds none."""
    try:
        value: JsonValue = json.loads(text)
    except ValueError as error:
        raise UsageError(f"The value of {key!r} is not JSON: {error}.") from error
    return value


def as_json(text: str) -> JsonValue:
    """The value as the JSON that it holds; as text where it holds none."""
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value


def variable_record(key: str, entry: JsonValue) -> VariableRecord:
    """A variable of an imported file."""
    value, description, team = entry, None, None
    known: tuple[set[str], ...] = ({"value", "description"}, {"value"}, _WHOLE)
    if isinstance(entry, dict) and set(entry) in known:
        value, description = entry["value"], entry.get("description")
        team = entry.get("team_name")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return VariableRecord(
        key=key,
        value=text,
        description=None if description is None else str(description),
        team_name=None if team is None else str(team),
    )
