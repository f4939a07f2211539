"""`slipstream auth login`, `logout` and `list`: who is signed in to which server."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from datetime import UTC, datetime
from getpass import getpass
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.output import Row, show_rows
from slipstream.cli.remote.choice import server_url
from slipstream.cli.remote.errors import NotAdmittedError, UnreachableServerError
from slipstream.cli.remote.logins import Login, forget_login, keep_login, logins_file, stored_logins
from slipstream.cli.remote.server import SIGN_IN, Server, moment_text
from slipstream.config import load_config

PASSWORD_VARIABLE = "SLIPSTREAM_PASSWORD"  # noqa: S105  # its name
_PREFIX_OF_JWT = "eyJ"
COLUMNS = ("server", "username", "expires_at", "state")


class _Token(msgspec.Struct, kw_only=True):
    access_token: str


class _Me(msgspec.Struct, kw_only=True):
    name: str


class _Claims(msgspec.Struct):
    exp: float


def log_in(arguments: Namespace) -> None:
    """Get a token for a name and a password, or take the one that is given, and keep it."""
    config = load_config()
    server = Server(_chosen(arguments), None, config)
    _warn_of_plain_http(server.url)
    if arguments.token:
        token = _asked("Token: ")
    else:
        username = arguments.username or _asked_name()
        password = os.environ.get(PASSWORD_VARIABLE) or _asked("Password: ")
        token = _token_for(server, username, password, arguments)
    name = Server(server.url, token, config).get("/auth/me", _Me).name
    keep_login(server.url, Login(username=name, token=token, expires_at=_expiry(token)))
    print(f"You are signed in to {server.url} as {name}.")


def log_out(arguments: Namespace) -> None:
    """Let the stored token count no more, and forget it."""
    config = load_config()
    url = Server(_chosen(arguments), None, config).url
    login = stored_logins().get(url)
    if login is None:
        raise CommandFailedError(
            f"You are not signed in to {url}; `slipstream auth list` shows where you are."
        )
    try:
        Server(url, login.token, config).send("POST", "/auth/logout")
    except (NotAdmittedError, UnreachableServerError) as error:
        print(
            f"slipstream: the token is forgotten here and was not ended: {error}", file=sys.stderr
        )
    forget_login(url)
    print(f"You are signed out of {url}.")


def show_logins(arguments: Namespace) -> None:
    """Print where one is signed in; the tokens stay in their file."""
    now = datetime.now(UTC)
    rows: list[Row] = [
        {
            "server": url,
            "username": login.username,
            "expires_at": moment_text(login.expires_at),
            "state": (
                "expired" if login.expires_at is not None and login.expires_at <= now else "kept"
            ),
        }
        for url, login in sorted(stored_logins().items())
    ]
    show_rows(rows, arguments.output, columns=COLUMNS)
    if not rows and arguments.output == "table":
        print(f"Nothing is in {logins_file()}; slipstream auth login --server URL signs in.")


def _chosen(arguments: Namespace) -> str:
    url = server_url(arguments)
    if url is None:
        raise UsageError("Say which server: --server URL, or SLIPSTREAM_SERVER.")
    return url


def _token_for(server: Server, username: str, password: str, arguments: Namespace) -> str:
    body = {"username": username, "password": password}
    if arguments.code is not None:
        body["totp"] = arguments.code
    try:
        return server.post(SIGN_IN, body, _Token).access_token
    except NotAdmittedError as error:
        if arguments.code is None and "code" in str(error).lower():
            body["totp"] = _asked("Code: ")
            return server.post(SIGN_IN, body, _Token).access_token
        raise


def _asked_name() -> str:
    if not sys.stdin.isatty():
        raise UsageError("Say as whom: --username NAME.")
    print("User: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _asked(question: str) -> str:
    """What is typed without being shown; from a pipe, its next line. Never an argument: those are
    in the shell's history and in the list of processes."""
    answer = getpass(question) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not answer:
        raise UsageError(f"{question.rstrip(': ')} is empty; nothing was done.")
    return answer


def _expiry(token: str) -> datetime | None:
    """When a signed token ends, as it says itself; personal ones say nothing."""
    if not token.startswith(_PREFIX_OF_JWT):
        return None
    from base64 import urlsafe_b64decode

    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = msgspec.json.decode(urlsafe_b64decode(part + "=" * (-len(part) % 4)), type=_Claims)
    except (ValueError, msgspec.DecodeError):
        return None
    return datetime.fromtimestamp(claims.exp, tz=UTC)


def _warn_of_plain_http(url: str) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost":
        return
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        print(
            f"slipstream: {url} is not https: whoever is between can read the password and the "
            f"token.",
            file=sys.stderr,
        )
