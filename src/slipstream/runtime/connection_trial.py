"""Tests one connection: `python -m slipstream.runtime.connection_trial LIFELINE`.

The connection comes as JSON on the standard input, where no other process can read it, and the
answer goes as JSON to the standard output. What the hook prints goes to the standard error.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import msgspec


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A connection to be tested."""

    conn_id: str
    conn_type: str
    description: str | None = None
    host: str | None = None
    login: str | None = None
    password: str | None = None
    schema: str | None = None
    port: int | None = None
    extra: str | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the hook of its type said."""

    status: bool
    message: str


MOST_CHARACTERS = 4_000
"""Of a message; what a driver says can be of any length."""


def main() -> NoReturn:
    """Test the connection, and exit."""
    from slipstream.runtime import lifeline

    place = int(sys.argv[1])
    del sys.argv[1:]
    os.set_inheritable(place, False)
    lifeline.take(place)
    trial = msgspec.json.decode(sys.stdin.buffer.read(), type=Trial)
    answer = os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(answer, "wb") as out:
        out.write(msgspec.json.encode(_verdict(trial)))
    os._exit(0)


def _verdict(trial: Trial) -> Verdict:
    from slipstream import compat
    from slipstream.runtime.fresh_imports import import_afresh_from
    from slipstream.sdk._conf import settings_folders
    from slipstream.sdk._connection import Connection

    compat.install()
    for folder in settings_folders():
        if os.path.isdir(folder) and folder not in sys.path:
            import_afresh_from(folder)
            sys.path.append(folder)
    try:
        connection = Connection(**msgspec.structs.asdict(trial))
        # Hooks find the connection where every task finds one, by its id.
        os.environ[f"AIRFLOW_CONN_{trial.conn_id.upper()}"] = connection.as_json()
        done, message = connection.test_connection()
    except Exception as error:  # noqa: BLE001 - a provider's own; what went wrong is the answer
        done, message = False, f"{type(error).__name__}: {error}"
    return Verdict(status=done, message=message[:MOST_CHARACTERS])


if __name__ == "__main__":
    main()
