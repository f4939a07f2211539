"""`slipstream users` on a server."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator, Sequence

import msgspec

from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.files import tell_written, write_text
from slipstream.cli.output import Row, show_rows
from slipstream.cli.remote.server import Server, place
from slipstream.cli.users import COLUMNS, chosen_password, random_password, texts_of, user_entries
from slipstream.model.errors import NotFoundError
from slipstream.model.json import JsonValue

_USERS = "/auth/fab/v1/users"


class _Named(msgspec.Struct, kw_only=True):
    name: str


class _User(msgspec.Struct, kw_only=True):
    username: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    active: bool = True
    roles: list[_Named] = []
    source: str = "database"

    @property
    def role_names(self) -> list[str]:
        """What they are in."""
        return [role.name for role in self.roles]


class _Token(msgspec.Struct, kw_only=True):
    id: int


def create_user(server: Server, arguments: Namespace) -> None:
    """Make one."""
    body: dict[str, JsonValue] = {
        "username": arguments.username,
        "password": chosen_password(arguments),
        "email": arguments.email,
        "first_name": arguments.firstname,
        "last_name": arguments.lastname,
        "roles": _named([arguments.role]),
    }
    made = server.post(_USERS, body, _User)
    print(f"User {made.username} created with role {', '.join(made.role_names)}")


def list_users(server: Server, arguments: Namespace) -> None:
    """Print all users."""
    rows: Iterator[Row] = (
        {
            "username": user.username,
            "email": user.email,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "roles": ", ".join(user.role_names),
            "active": user.active,
            "source": user.source,
        }
        for user in _all(server)
    )
    show_rows(rows, arguments.output, columns=COLUMNS)


def delete_user(server: Server, arguments: Namespace) -> None:
    """Remove one."""
    user = _existing(server, arguments)
    server.send("DELETE", _place(user.username))
    print(f"User {user.username} deleted")


def add_role(server: Server, arguments: Namespace) -> None:
    """Give a user one more role."""
    user = _existing(server, arguments)
    if arguments.role in user.role_names:
        raise CommandFailedError(f"{user.username} has the role {arguments.role} already.")
    _change(server, user, {"roles": _named([*user.role_names, arguments.role])})
    print(f"User {user.username} has the role {arguments.role} now")


def remove_role(server: Server, arguments: Namespace) -> None:
    """Take a role away."""
    user = _existing(server, arguments)
    if arguments.role not in user.role_names:
        raise CommandFailedError(f"{user.username} does not have the role {arguments.role}.")
    kept = [name for name in user.role_names if name != arguments.role]
    _change(server, user, {"roles": _named(kept)})
    print(f"User {user.username} has the role {arguments.role} no more")


def reset_password(server: Server, arguments: Namespace) -> None:
    """Give a user another password; what was signed in before counts no more."""
    user = _existing(server, arguments)
    _change(server, user, {"password": chosen_password(arguments)})
    print(f"User {user.username} has a new password")


def revoke_tokens(server: Server, arguments: Namespace) -> None:
    """End all sessions and tokens of a user."""
    user = _existing(server, arguments)
    tokens = list(server.every("/auth/tokens", "tokens", _Token, username=user.username))
    server.send("DELETE", f"{_place(user.username)}/tokens")
    print(f"User {user.username} is signed out; {len(tokens)} access token(s) deleted")


def reset_mfa(server: Server, arguments: Namespace) -> None:
    """Let a user sign in without a code."""
    user = _existing(server, arguments)
    server.send("DELETE", f"{_place(user.username)}/mfa")
    print(f"User {user.username} is asked for no code any more")


def import_users(server: Server, arguments: Namespace) -> None:
    """Store `[{username, email, firstname, lastname, roles}]`. Passwords of new users are made and
    printed."""
    entries = user_entries(arguments.file)
    known = {user.username for user in _all(server)}
    for entry in entries:
        name = str(entry["username"])
        fields: dict[str, JsonValue] = {
            "roles": _named(texts_of(entry.get("roles"))),
            "email": str(entry.get("email") or ""),
            "first_name": str(entry.get("firstname") or entry.get("first_name") or ""),
            "last_name": str(entry.get("lastname") or entry.get("last_name") or ""),
        }
        if name in known:
            server.patch(_place(name), fields, _User)
            print(f"User {name} updated")
            continue
        password = random_password()
        server.post(_USERS, {**fields, "username": name, "password": password}, _User)
        print(f"User {name} created with the password {password}")


def export_users(server: Server, arguments: Namespace) -> None:
    """Write them as `import` takes them, without passwords."""
    entries = [
        {
            "username": user.username,
            "email": user.email,
            "firstname": user.first_name,
            "lastname": user.last_name,
            "roles": user.role_names,
        }
        for user in _all(server)
    ]
    write_text(arguments.file, json.dumps(entries, indent=4, ensure_ascii=False))
    tell_written(arguments.file, f"{len(entries)} users exported to {arguments.file}")


def _all(server: Server) -> Iterator[_User]:
    return server.every(_USERS, "users", _User)


def _place(username: str) -> str:
    return place(username, base=_USERS)


def _change(server: Server, user: _User, fields: dict[str, JsonValue]) -> None:
    server.patch(_place(user.username), fields, _User)


def _existing(server: Server, arguments: Namespace) -> _User:
    if arguments.username is not None:
        try:
            return server.get(_place(arguments.username), _User)
        except NotFoundError as error:
            raise _missing(arguments.username) from error
    same = [user for user in _all(server) if user.email == arguments.email]
    if len(same) > 1:
        raise UsageError(f"{len(same)} users have the address {arguments.email}; name one.")
    if not same:
        raise _missing(arguments.email)
    return same[0]


def _missing(who: str) -> NotFoundError:
    return NotFoundError(f"There is no user {who!r}; `slipstream users list` shows all.")


def _named(names: Sequence[str]) -> list[JsonValue]:
    return [{"name": name} for name in names]
