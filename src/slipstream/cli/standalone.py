"""`slipstream standalone`: everything in one process, with one command."""

from __future__ import annotations

from argparse import Namespace

from slipstream.cli.deployment import Deployment
from slipstream.cli.grammar import Group
from slipstream.cli.home_lock import HomeLock
from slipstream.cli.server.run import export_settings, say, set_up_logging


def add_commands(group: Group) -> None:
    """A command without verbs."""
    parser = group.command(run)
    parser.add_setting("--host", "api", "host", metavar="ADDRESS", about="where the API listens")
    parser.add_setting("--port", "api", "port", metavar="PORT", about="0 takes any free one")
    parser.add_setting(
        "--dags-folder", "core", "dags_folder", metavar="DIR", about="where the DAG files are"
    )


def run(deployment: Deployment, arguments: Namespace) -> None:
    """Start everything, say where it is, and go on until a signal comes."""
    from slipstream.cli.server.server import Part, Server
    from slipstream.cli.server.signals import end_signals

    set_up_logging(deployment.config)
    export_settings(deployment, arguments)
    with (
        HomeLock(deployment.run_folder, purpose="slipstream standalone"),
        end_signals() as wait,
        Server(deployment, frozenset(Part), sets_up=True) as server,
    ):
        for name, password in server.new_users:
            say(f"Made the user {name} with the password {password} (it is shown only now).")
        say(f"Slipstream is ready at {server.url}; DAG files are in {deployment.dags_folder}.")
        wait()
        say("Slipstream is stopping; running tasks have a moment to end.")
    say("Slipstream has stopped.")
