"""`slipstream variables` on a server, which sends no secret back."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator

import msgspec

from slipstream.cli.errors import CommandFailedError
from slipstream.cli.files import parse_object, read_text, tell_written, write_text
from slipstream.cli.output import show_rows
from slipstream.cli.remote.server import Server, place
from slipstream.cli.variables import columns, exported, parsed, variable_record
from slipstream.model.errors import NotFoundError
from slipstream.model.json import JsonValue

_MASK = "***"


class _Variable(msgspec.Struct, kw_only=True):
    key: str
    value: str | None = None
    description: str | None = None
    team_name: str | msgspec.UnsetType | None = msgspec.UNSET
    """Not sent, it stays as it is."""

    @property
    def is_masked(self) -> bool:
        """Whether the server hides some of the value."""
        return _MASK in (self.value or "")


def list_variables(server: Server, arguments: Namespace) -> None:
    """Print the keys and descriptions; of values what the server shows."""
    show_rows(
        (
            {"key": one.key, "value": one.value, "description": one.description}
            for one in _all(server)
        ),
        arguments.output,
        columns=columns(shows_values=arguments.show_values),
    )


def get_variable(server: Server, arguments: Namespace) -> None:
    """Print one value; a secret's is a mask."""
    try:
        value = server.get(place("variables", arguments.key), _Variable).value
    except NotFoundError as error:
        if arguments.default is None:
            raise _missing(arguments.key) from error
        value = arguments.default
    if arguments.json:
        print(json.dumps(parsed(value or "", arguments.key), indent=2, ensure_ascii=False))
    else:
        print(value or "")


def set_variable(server: Server, arguments: Namespace) -> None:
    """Store one value."""
    if arguments.json:
        parsed(arguments.value, arguments.key)
    new = _Variable(key=arguments.key, value=arguments.value, description=arguments.description)
    _put(server, [new], {one.key for one in _all(server)})
    print(f"Variable {arguments.key} created")


def delete_variable(server: Server, arguments: Namespace) -> None:
    """Remove one."""
    try:
        server.send("DELETE", place("variables", arguments.key))
    except NotFoundError as error:
        raise _missing(arguments.key) from error
    print(f"Variable {arguments.key} deleted")


def import_variables(server: Server, arguments: Namespace) -> None:
    """Store every entry of a file; `{key: value}` or `{key: {value, description}}`."""
    entries = parse_object(arguments.file, read_text(arguments.file))
    records = [variable_record(key, value) for key, value in entries.items()]
    known = {one.key for one in _all(server)}
    taken = sorted(known & set(entries))
    if arguments.action_on_existing_key == "fail" and taken:
        raise CommandFailedError(f"Nothing was imported: there already is {', '.join(taken)}.")
    skipped = known if arguments.action_on_existing_key == "skip" else set()
    chosen = [
        _Variable(
            key=record.key,
            value=record.value,
            description=record.description,
            team_name=record.team_name or msgspec.UNSET,
        )
        for record in records
        if record.key not in skipped
    ]
    _put(server, chosen, known)
    print(f"{len(chosen)} of {len(records)} variables successfully imported.")


def export_variables(server: Server, arguments: Namespace) -> int:
    """Write `{key: value}`, with the description and the team where there is one. The exit code is
    1 where secrets had to be left out."""
    found = list(_all(server))
    entries: dict[str, JsonValue] = {
        one.key: exported(one.value or "", one.description, one.team_name or None)
        for one in found
        if not one.is_masked
    }
    write_text(arguments.file, json.dumps(entries, indent=4, sort_keys=True, ensure_ascii=False))
    tell_written(
        arguments.file, f"{len(entries)} variables successfully exported to {arguments.file}"
    )
    hidden = sorted(one.key for one in found if one.is_masked)
    if hidden:
        print(
            f"slipstream: a server does not send secrets; left out: {', '.join(hidden)}. Export "
            f"them on the server's own machine.",
            file=sys.stderr,
        )
    return 1 if hidden else 0


def _all(server: Server) -> Iterator[_Variable]:
    return server.every(place("variables"), "variables", _Variable)


def _missing(key: str) -> NotFoundError:
    return NotFoundError(f"There is no variable {key!r}; `slipstream variables list` shows all.")


def _put(server: Server, variables: Iterable[_Variable], known: set[str]) -> None:
    for one in variables:
        if one.key in known:
            server.patch(place("variables", one.key), one, _Variable)
        else:
            server.post(place("variables"), one, _Variable)
