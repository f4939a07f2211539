"""`slipstream auth`: logins, keys and personal access tokens."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime, timedelta

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.grammar import Group
from slipstream.cli.output import Row, as_text, show_rows
from slipstream.model.errors import InvalidInputError, NotFoundError

TOKEN_COLUMNS = ("id", "username", "name", "scope", "created_at", "expires_at", "last_used_at")


def add_commands(group: Group) -> None:
    """The verbs of `auth`."""
    _add_logins(group)
    rotate = group.verb("rotate-keys", rotate_keys, "Sign tokens with a new key from now on")
    rotate.add_argument(
        "--at-once", action="store_true", help="tokens of the key before count no more"
    )
    make = group.verb("create-token", create_token, "Make a personal access token, and print it")
    make.add_argument(
        "-u", "--username", help="whose token it is; on a server that of who is signed in"
    )
    make.add_argument("--name", required=True, help="what it is for")
    make.add_argument(
        "--scope", action="append", metavar="ACTION:RESOURCE[@dag:ID]", help="what it is good for"
    )
    make.add_argument(
        "--expires-in-days", type=int, default=90, metavar="DAYS", help="0 for no end (default 90)"
    )
    listing = group.verb("list-tokens", list_tokens, "List personal access tokens")
    listing.add_argument("-u", "--username", help="only of this user")
    listing.add_output()
    delete = group.verb("delete-token", delete_token, "Let a personal access token count no more")
    delete.add_argument("id", type=int)


def _add_logins(group: Group) -> None:
    login = group.verb("login", log_in, "Sign in to a server, for commands with --server")
    login.add_argument("-u", "--username", help="asked for if it is not given")
    login.add_argument("--code", help="of an authenticator app; asked for where it is needed")
    login.add_argument(
        "--token", action="store_true", help="ask for a token instead of name and password"
    )
    group.verb("logout", log_out, "Sign out of a server; its token counts no more")
    group.verb("list", show_logins, "List the servers that you are signed in to").add_output()


def log_in(_deployment: Deployment, arguments: Namespace) -> None:
    """Sign in to the server that `--server` names."""
    from slipstream.cli.remote import signing_in

    signing_in.log_in(arguments)


def log_out(_deployment: Deployment, arguments: Namespace) -> None:
    """Sign out of it."""
    from slipstream.cli.remote import signing_in

    signing_in.log_out(arguments)


def show_logins(_deployment: Deployment, arguments: Namespace) -> None:
    """Print where one is signed in."""
    from slipstream.cli.remote import signing_in

    signing_in.show_logins(arguments)


def rotate_keys(deployment: Deployment, arguments: Namespace) -> None:
    """Make a new key; running servers sign with it from their next sign-in on."""
    from slipstream.api.auth.tokens import Tokens
    from slipstream.cli.server.wiring import api_settings

    tokens = Tokens(deployment.store, api_settings(deployment), lambda: datetime.now(UTC))
    tokens.rotate(at_once=arguments.at_once)
    before = "counts no more" if arguments.at_once else "counts until its tokens have expired"
    print(f"Tokens are signed with a new key; the one before {before}.")


def create_token(deployment: Deployment, arguments: Namespace) -> None:
    """Make one and print it, alone, so that scripts can keep it."""
    from slipstream.api.auth.grants import text_of
    from slipstream.api.auth.personal import hash_of, new_token
    from slipstream.api.auth.user import grants_of_scope

    if arguments.username is None:
        raise UsageError("Say whose token it is: --username NAME.")
    days = arguments.expires_in_days
    if days < 0:
        raise UsageError(f"--expires-in-days is {days}; expected days from 1 on, or 0 for no end.")
    scope = None
    if arguments.scope:
        try:
            scope = sorted(text_of(grant) for grant in grants_of_scope(arguments.scope))
        except InvalidInputError as error:
            raise UsageError(str(error)) from error
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    token = new_token()
    deployment.store.add_access_token(
        arguments.username, arguments.name, hash_of(token), scope, expires
    )
    print(token)


def list_tokens(deployment: Deployment, arguments: Namespace) -> None:
    """Print them; none can be told from its row."""
    rows: list[Row] = [
        {
            "id": one.pk,
            "username": one.username,
            "name": one.name,
            "scope": "everything" if one.scope is None else " ".join(one.scope),
            "created_at": as_text(one.created_at),
            "expires_at": as_text(one.expires_at),
            "last_used_at": as_text(one.last_used_at),
        }
        for one in deployment.store.list_access_tokens(arguments.username)
    ]
    show_rows(rows, arguments.output, columns=TOKEN_COLUMNS)


def delete_token(deployment: Deployment, arguments: Namespace) -> None:
    """Remove one."""
    store = deployment.store
    if arguments.id not in {one.pk for one in store.list_access_tokens(None)}:
        raise NotFoundError(
            f"There is no access token {arguments.id}; `slipstream auth list-tokens` shows all."
        )
    store.delete_access_token(arguments.id)
    print(f"Access token {arguments.id} deleted")
