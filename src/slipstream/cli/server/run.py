"""What every server process does before and around its work."""

from __future__ import annotations

import gc
import os
from argparse import Namespace
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from slipstream.cli.deployment import Deployment
from slipstream.cli.home_lock import DatabaseLock, HomeLock
from slipstream.cli.server import wiring
from slipstream.cli.server.daemon import as_asked
from slipstream.cli.server.first_files import write_settings

if TYPE_CHECKING:
    from slipstream.cli.server.server import Part, Server
    from slipstream.cli.server.shares import Shares


def serve(
    deployment: Deployment,
    arguments: Namespace,
    parts: Collection[Part],
    *,
    locked_for: str | None,
    sets_up: bool = False,
    shares: Shares | None = None,
) -> int:
    """Start these parts, say where they are, and go on until a signal comes, or until they have
    done what `shares` says. Gives the exit code.

    `locked_for` says what holds the home meanwhile, so that no second one does; None leaves the
    home to others.
    """
    from slipstream.cli.server.server import Part, Server
    from slipstream.cli.server.shares import EVERYTHING
    from slipstream.cli.server.signals import end_signals

    # What is imported now stays: looking for garbage in it, now or ever, would be for nothing.
    gc.disable()
    export_settings(deployment, arguments)
    locks = nullcontext() if locked_for is None else locks_of(deployment, locked_for)
    logs_as = log_config(deployment) if Part.API in parts else None
    started = as_asked(deployment, arguments, arguments.noun, logs_as)
    with started as is_ready, locks, end_signals() as ending:
        made = Server(
            deployment,
            parts,
            sets_up=sets_up,
            shares=shares or EVERYTHING,
            done=ending.done,
            tell_user=_say_user,
        )
        with made as server:
            gc.freeze()
            gc.enable()
            if sets_up:
                write_settings(deployment)
            say(f"Slipstream is ready{_where(deployment, server)}.")
            is_ready()
            code, said = ending.wait()
            if said:
                say(said)
            say("Slipstream is stopping; running tasks have a moment to end.")
    say("Slipstream has stopped.")
    return code


def log_config(deployment: Deployment) -> Path | None:
    """The file that says how a server with the API logs; None where the settings do."""
    file = deployment.config.get("api", "log_config")
    return Path(file).expanduser() if file else None


def _say_user(name: str, password: str) -> None:
    say(f"Made the user {name} with the password {password} (it is shown only now).")


@contextmanager
def locks_of(deployment: Deployment, purpose: str) -> Iterator[None]:
    """Hold what no second scheduler may use meanwhile."""
    with HomeLock(deployment.run_folder, purpose=purpose):
        file = deployment.embedded_file
        if file is None:
            yield
            return
        with DatabaseLock(file, purpose=purpose):
            yield


def _where(deployment: Deployment, server: Server) -> str:
    from slipstream.cli.server.server import Part

    at = f" at {server.url}" if server.url else ""
    if Part.DAG_PROCESSOR not in server.parts:
        return at
    chosen, _ = wiring.chosen_folders(deployment, server.shares.files.bundles)
    folders = ", ".join(str(folder.path) for folder in chosen)
    return f"{at}; DAG files are in {folders}"


def export_settings(deployment: Deployment, arguments: Namespace) -> None:
    """Let the processes that run people's code find the same home and the same settings."""
    os.environ["SLIPSTREAM_HOME"] = str(deployment.home)
    if deployment.config.file is not None:
        os.environ["SLIPSTREAM_CONFIG"] = str(deployment.config.file)
    for section, key in getattr(arguments, "settings", {}):
        value = deployment.config.text(section, key)
        os.environ[f"SLIPSTREAM__{section.upper()}__{key.upper()}"] = value


def say(line: str) -> None:
    """Tell the person at the terminal, at once."""
    print(line, flush=True)
