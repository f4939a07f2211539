"""The keys that encrypt passwords and variables at rest.

`[core] fernet_key` holds them where it is set, the current one first. Otherwise they are in a file
of the home that only its owner can read; it is made at first use.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

from slipstream.cli.errors import CommandFailedError
from slipstream.config import Config

KEY_FILE = "fernet.key"


def fernet_keys(config: Config) -> tuple[str, ...]:
    """All keys, the one to encrypt with first."""
    if configured := config.get("core", "fernet_key"):
        return tuple(key.strip() for key in configured.split(",") if key.strip())
    path = config.home / KEY_FILE
    if not path.exists():
        write_keys(path, [new_key()])
    keys = tuple(path.read_text(encoding="ascii").split())
    if not keys:
        raise CommandFailedError(
            f"{path} is empty; expected the key that the database was encrypted with. "
            f"Restore it from a backup, or remove the file to begin with a new key."
        )
    return keys


def new_key() -> str:
    """A fresh Fernet key: 32 random bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode("ascii")


def write_keys(path: Path, keys: list[str]) -> None:
    """Write the key file in one step, readable for its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write("\n".join(keys) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
