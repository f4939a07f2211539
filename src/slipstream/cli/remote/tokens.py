"""`slipstream auth` on a server: the personal access tokens of who is signed in."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime

import msgspec

from slipstream.cli.auth import TOKEN_COLUMNS
from slipstream.cli.errors import UsageError
from slipstream.cli.output import show_rows
from slipstream.cli.remote.server import Server, moment_text, place
from slipstream.model.errors import NotFoundError

_TOKENS = "/auth/tokens"


class _Me(msgspec.Struct, kw_only=True):
    name: str


class _New(msgspec.Struct, kw_only=True):
    token: str


class _Token(msgspec.Struct, kw_only=True):
    id: int
    username: str
    name: str
    scope: list[str] | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None


def create_token(server: Server, arguments: Namespace) -> None:
    """Make one and print it, alone, so that scripts can keep it."""
    days = arguments.expires_in_days
    if days < 0:
        raise UsageError(f"--expires-in-days is {days}; expected days from 1 on, or 0 for no end.")
    if arguments.username is not None:
        me = server.get(f"{_TOKENS.removesuffix('/tokens')}/me", _Me).name
        if arguments.username != me:
            raise UsageError(
                f"On a server people make tokens for themselves alone: you are {me!r}, and asked "
                f"for one of {arguments.username!r}."
            )
    body = {"name": arguments.name, "scope": arguments.scope, "expires_in_days": days or None}
    print(server.post(_TOKENS, body, _New).token)


def list_tokens(server: Server, arguments: Namespace) -> None:
    """Print them; none can be told from its row."""
    show_rows(
        (
            {
                "id": one.id,
                "username": one.username,
                "name": one.name,
                "scope": "everything" if one.scope is None else " ".join(one.scope),
                "created_at": moment_text(one.created_at),
                "expires_at": moment_text(one.expires_at),
                "last_used_at": moment_text(one.last_used_at),
            }
            for one in server.every(_TOKENS, "tokens", _Token, username=arguments.username or None)
        ),
        arguments.output,
        columns=TOKEN_COLUMNS,
    )


def delete_token(server: Server, arguments: Namespace) -> None:
    """Remove one."""
    try:
        server.send("DELETE", place(arguments.id, base=_TOKENS))
    except NotFoundError as error:
        raise NotFoundError(
            f"There is no access token {arguments.id}; `slipstream auth list-tokens` shows all."
        ) from error
    print(f"Access token {arguments.id} deleted")
