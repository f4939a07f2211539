"""`slipstream standalone`: everything in one process, with one command."""

from __future__ import annotations

from argparse import Namespace

from slipstream.cli.deployment import Deployment
from slipstream.cli.grammar import Group
from slipstream.cli.server.daemon import add_daemon_options
from slipstream.cli.server.run import serve


def add_commands(group: Group) -> None:
    """A command without verbs."""
    parser = group.command(run)
    parser.add_setting("--host", "api", "host", metavar="ADDRESS", about="where the API listens")
    parser.add_setting("--port", "api", "port", metavar="PORT", about="0 takes any free one")
    parser.add_setting(
        "--dags-folder", "core", "dags_folder", metavar="DIR", about="where the DAG files are"
    )
    add_daemon_options(parser)


def run(deployment: Deployment, arguments: Namespace) -> None:
    """Set up what is missing, and run every part."""
    from slipstream.cli.server.server import STANDALONE

    serve(
        deployment,
        arguments,
        STANDALONE,
        locked_for="slipstream standalone",
        sets_up=True,
    )
