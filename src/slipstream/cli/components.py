"""`slipstream scheduler`, `dag-processor` and `api-server`: one part in a process of its own.

They meet in the database, which `slipstream db migrate` has to have made.
"""

from __future__ import annotations

from argparse import Namespace

from slipstream.cli.deployment import Deployment
from slipstream.cli.grammar import Group
from slipstream.cli.server.run import serve


def add_commands(group: Group) -> None:
    """Each is a command without verbs."""
    match group.noun:
        case "scheduler":
            group.command(run_scheduler)
        case "dag-processor":
            group.command(run_dag_processor).add_setting(
                "--dags-folder", "core", "dags_folder", metavar="DIR", about="where the files are"
            )
        case _:
            parser = group.command(run_api_server)
            parser.add_setting("--host", "api", "host", metavar="ADDRESS", about="where it listens")
            parser.add_setting("--port", "api", "port", metavar="PORT", about="0 takes a free one")


def run_scheduler(deployment: Deployment, arguments: Namespace) -> None:
    """Run the scheduler with the executor."""
    from slipstream.cli.server.server import Part

    serve(deployment, arguments, {Part.SCHEDULER}, locked_for="slipstream scheduler")


def run_dag_processor(deployment: Deployment, arguments: Namespace) -> None:
    """Run what loads DAG files."""
    from slipstream.cli.server.server import Part

    serve(deployment, arguments, {Part.DAG_PROCESSOR}, locked_for=None)


def run_api_server(deployment: Deployment, arguments: Namespace) -> None:
    """Run the REST API."""
    from slipstream.cli.server.server import Part

    serve(deployment, arguments, {Part.API}, locked_for=None)
