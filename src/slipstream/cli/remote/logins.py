"""The tokens of servers that this user has signed in to, in a file that only they can read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from slipstream.cli.errors import CommandFailedError

TOKEN_VARIABLE: Final = "SLIPSTREAM_TOKEN"  # noqa: S105  # a name
_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """That somebody is signed in to a server."""

    username: str
    token: str = field(repr=False)
    expires_at: datetime | None
    """None where the server alone knows."""


def logins_file() -> Path:
    """Where they are kept: with the user's other settings, whatever home a command works on."""
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "slipstream" / "logins.json"


def stored_logins() -> Mapping[str, Login]:
    """`{address of the server: login}`. Raises `CommandFailedError` for a file that others can
    read, or that cannot be read."""
    path = logins_file()
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CommandFailedError(f"{path} cannot be read: {error.strerror}.") from error
    if mode & _OTHERS:
        raise CommandFailedError(
            f"{path} holds tokens and can be read by others: chmod 600 {path}, and sign out and in "
            f"again where they may have read it."
        )
    try:
        return msgspec.json.decode(content, type=dict[str, Login])
    except msgspec.DecodeError as error:
        raise CommandFailedError(
            f"{path} is not what slipstream auth login writes ({error}); remove it and sign in "
            f"again."
        ) from error


def keep_login(url: str, login: Login) -> None:
    """Remember the login instead of the one before."""
    _write({**stored_logins(), url: login})


def forget_login(url: str) -> None:
    """Remember none for that server."""
    _write({one: login for one, login in stored_logins().items() if one != url})


def token_for(url: str) -> str | None:
    """The token to send to that server: `SLIPSTREAM_TOKEN`, or the stored login's."""
    given = os.environ.get(TOKEN_VARIABLE)
    if given:
        return given.strip()
    login = stored_logins().get(url)
    return None if login is None else login.token


def _write(logins: Mapping[str, Login]) -> None:
    """In one step: a reader sees the old file or the new one."""
    path = logins_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(logins))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise CommandFailedError(f"{path} cannot be written: {error.strerror}.") from error
