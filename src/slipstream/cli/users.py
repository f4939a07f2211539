"""`slipstream users`: who may sign in."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.files import read_text, tell_written, write_text
from slipstream.cli.grammar import Group, Parser
from slipstream.cli.output import Row, show_rows
from slipstream.cli.paging import every
from slipstream.model.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from slipstream.model.json import JsonValue

if TYPE_CHECKING:
    from slipstream.store.access_records import AccountRecord
    from slipstream.store.interface import AccessStore

COLUMNS: Final = ("username", "email", "first_name", "last_name", "roles", "active", "source")
_FIELDS: Final = (
    ("-e", "--email", "email"),
    ("-f", "--firstname", "first_name"),
    ("-l", "--lastname", "last_name"),
)


def add_commands(group: Group) -> None:
    """The verbs of `users`."""
    create = group.verb("create", create_user, "Create a user")
    create.add_argument("-u", "--username", required=True)
    create.add_argument("-r", "--role", default="Admin", help="Admin, Op, User, Viewer or another")
    _add_password(create)
    for short, long, _ in _FIELDS:
        create.add_argument(short, long, default="")
    group.verb("list", list_users, "List the users").add_output()
    _of_user(group.verb("delete", delete_user, "Remove a user and their tokens"))
    for name, run, about in (
        ("add-role", add_role, "Give a user a role"),
        ("remove-role", remove_role, "Take a role from a user"),
    ):
        verb = _of_user(group.verb(name, run, about))
        verb.add_argument("-r", "--role", required=True)
    reset = _of_user(group.verb("reset-password", reset_password, "Give a user a new password"))
    _add_password(reset)
    _of_user(group.verb("revoke-tokens", revoke_tokens, "Sign a user out everywhere"))
    _of_user(group.verb("reset-mfa", reset_mfa, "Ask a user for no code any more"))
    importing = group.verb("import", import_users, "Create and change users from a JSON file")
    importing.add_argument("file", metavar="FILEPATH", help="the file, or - for standard input")
    export = group.verb("export", export_users, "Write all users to a JSON file")
    export.add_argument("file", metavar="FILEPATH", help="the file, or - for standard output")


def create_user(deployment: Deployment, arguments: Namespace) -> None:
    """Store a new user with the hash of the password."""
    from slipstream.store.access_records import AccountRecord

    store = deployment.store
    roles = _known(store, [arguments.role])
    if store.get_account(arguments.username) is not None:
        raise AlreadyExistsError(f"There already is a user {arguments.username!r}.")
    store.create_account(
        AccountRecord(
            username=arguments.username,
            password_hash=_hashed(arguments),
            roles=roles,
            email=arguments.email,
            first_name=arguments.firstname,
            last_name=arguments.lastname,
        )
    )
    print(f"User {arguments.username} created with role {roles[0]}")


def list_users(deployment: Deployment, arguments: Namespace) -> None:
    """Print all users."""
    show_rows(
        (_row(account) for account in _all(deployment.store)),
        arguments.output,
        columns=COLUMNS,
    )


def delete_user(deployment: Deployment, arguments: Namespace) -> None:
    """Remove one."""
    from slipstream.api.auth.people import is_administrator, require_another_administrator

    store = deployment.store
    account = _existing(store, arguments)
    if is_administrator(account):
        require_another_administrator(store, account.username)
    store.delete_account(account.username)
    print(f"User {account.username} deleted")


def add_role(deployment: Deployment, arguments: Namespace) -> None:
    """Give a user one more role."""
    store = deployment.store
    account = _existing(store, arguments)
    (role,) = _known(store, [arguments.role])
    if role in account.roles:
        raise CommandFailedError(f"{account.username} has the role {role} already.")
    store.update_account(replace(account, roles=(*account.roles, role)))
    print(f"User {account.username} has the role {role} now")


def remove_role(deployment: Deployment, arguments: Namespace) -> None:
    """Take a role away."""
    from slipstream.api.auth.access import role_name
    from slipstream.api.auth.people import is_administrator, require_another_administrator

    store = deployment.store
    account = _existing(store, arguments)
    role = role_name(arguments.role)
    kept = tuple(one for one in account.roles if role_name(one) != role)
    if len(kept) == len(account.roles):
        raise CommandFailedError(f"{account.username} does not have the role {role}.")
    after = replace(account, roles=kept)
    if is_administrator(account) and not is_administrator(after):
        require_another_administrator(store, account.username)
    store.update_account(after)
    print(f"User {account.username} has the role {role} no more")


def reset_password(deployment: Deployment, arguments: Namespace) -> None:
    """Give a user another password; what was signed in before counts no more."""
    store = deployment.store
    account = _existing(store, arguments)
    store.update_account(replace(account, password_hash=_hashed(arguments)))
    store.revoke_tokens_of(account.username)
    print(f"User {account.username} has a new password")


def revoke_tokens(deployment: Deployment, arguments: Namespace) -> None:
    """End all sessions and tokens of a user."""
    store = deployment.store
    account = _existing(store, arguments)
    store.revoke_tokens_of(account.username)
    tokens = store.list_access_tokens(account.username)
    for token in tokens:
        store.delete_access_token(token.pk)
    print(f"User {account.username} is signed out; {len(tokens)} access token(s) deleted")


def reset_mfa(deployment: Deployment, arguments: Namespace) -> None:
    """Let a user sign in without a code."""
    store = deployment.store
    account = _existing(store, arguments)
    store.update_account(replace(account, totp_secret=None, totp_enrolled=False))
    print(f"User {account.username} is asked for no code any more")


def import_users(deployment: Deployment, arguments: Namespace) -> None:
    """Store `[{username, email, firstname, lastname, roles}]`. Passwords of new users are made and
    printed."""
    from slipstream.api.auth.passwords import hash_password
    from slipstream.store.access_records import AccountRecord

    store = deployment.store
    entries = user_entries(arguments.file)
    wanted = [(entry, _known(store, texts_of(entry.get("roles")))) for entry in entries]
    for entry, roles in wanted:
        name = str(entry["username"])
        known = store.get_account(name)
        fields = {
            "roles": roles,
            "email": str(entry.get("email") or ""),
            "first_name": str(entry.get("firstname") or entry.get("first_name") or ""),
            "last_name": str(entry.get("lastname") or entry.get("last_name") or ""),
        }
        if known is not None:
            store.update_account(replace(known, **fields))  # type: ignore[arg-type]  # by name
            print(f"User {name} updated")
            continue
        password = random_password()
        account = AccountRecord(username=name, password_hash=hash_password(password))
        store.create_account(replace(account, **fields))  # type: ignore[arg-type]  # by name
        print(f"User {name} created with the password {password}")


def export_users(deployment: Deployment, arguments: Namespace) -> None:
    """Write them as `import` takes them, without passwords."""
    entries = [
        {
            "username": account.username,
            "email": account.email,
            "firstname": account.first_name,
            "lastname": account.last_name,
            "roles": list(account.roles),
        }
        for account in _all(deployment.store)
    ]
    write_text(arguments.file, json.dumps(entries, indent=4, ensure_ascii=False))
    tell_written(arguments.file, f"{len(entries)} users exported to {arguments.file}")


def random_password() -> str:
    """A password that nobody guesses, of letters and digits."""
    import secrets

    return secrets.token_urlsafe(12)


def _of_user(parser: Parser) -> Parser:
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("-u", "--username")
    chosen.add_argument("-e", "--email")
    return parser


def _add_password(parser: Parser) -> None:
    password = parser.add_mutually_exclusive_group()
    password.add_argument(
        "-p", "--password", help="asked for if it is not given, or the first line of a pipe"
    )
    password.add_argument(
        "--use-random-password", action="store_true", help="make one and print it"
    )


def _hashed(arguments: Namespace) -> str:
    from slipstream.api.auth.passwords import hash_password

    return hash_password(chosen_password(arguments))


def chosen_password(arguments: Namespace) -> str:
    """The password that is given, made and printed, or asked for. Raises `UsageError`."""
    password: str | None = arguments.password
    if arguments.use_random_password:
        password = random_password()
        print(f"Password: {password}")
    elif password is None:
        password = _asked_password()
    if not password:
        raise UsageError("The password is empty; nothing was changed.")
    return password


def _known(store: AccessStore, names: list[str]) -> tuple[str, ...]:
    from slipstream.api.auth.people import known_roles

    try:
        return known_roles(store, names)
    except InvalidInputError as error:
        raise UsageError(str(error)) from error


def _existing(store: AccessStore, arguments: Namespace) -> AccountRecord:
    if arguments.username is not None:
        found = store.get_account(arguments.username)
    else:
        same = [one for one in _all(store) if one.email == arguments.email]
        if len(same) > 1:
            raise UsageError(f"{len(same)} users have the address {arguments.email}; name one.")
        found = same[0] if same else None
    if found is None:
        raise NotFoundError(
            f"There is no user {arguments.username or arguments.email!r}; `slipstream users list` "
            "shows all."
        )
    return found


def _all(store: AccessStore) -> Iterable[AccountRecord]:
    return every(lambda window: store.list_accounts(None, window))


def _row(account: AccountRecord) -> Row:
    return {
        "username": account.username,
        "email": account.email,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "roles": ", ".join(account.roles),
        "active": account.is_active,
        "source": account.source,
    }


def user_entries(file: str) -> list[dict[str, JsonValue]]:
    """The users of a file. Raises `CommandFailedError`."""
    try:
        found = json.loads(read_text(file))
    except ValueError as error:
        raise CommandFailedError(f"{file} is no JSON: {error}.") from error
    if not isinstance(found, list) or not all(
        isinstance(entry, dict) and entry.get("username") for entry in found
    ):
        raise CommandFailedError(
            f"{file} has no list of users; expected [{{'username': 'ada', 'roles': ['User']}}, …]."
        )
    return found


def texts_of(value: JsonValue) -> list[str]:
    """The value's entries as texts; none where it is no list."""
    return [str(one) for one in value] if isinstance(value, list) else []


def _asked_password() -> str:
    from getpass import getpass

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass("Password: ")
    if not password or password != getpass("Again: "):
        raise UsageError("The passwords are empty or differ; nothing was changed.")
    return password
