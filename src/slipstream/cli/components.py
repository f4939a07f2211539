"""`slipstream scheduler`, `dag-processor`, `triggerer` and `api-server`: one part to a process.

They meet in the database, which `slipstream db migrate` has to have made.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Final

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.grammar import Group
from slipstream.cli.server.daemon import add_daemon_options
from slipstream.cli.server.run import serve

_ACCEPTED: Final = "accepted, as in Airflow"


def add_commands(group: Group) -> None:
    """Each is a command without verbs."""
    match group.noun:
        case "scheduler":
            parser = group.command(run_scheduler)
            parser.add_argument("-s", "--skip-serve-logs", action="store_true", help=_ACCEPTED)
        case "dag-processor":
            parser = group.command(run_dag_processor)
            parser.add_setting(
                "--dags-folder", "core", "dags_folder", metavar="DIR", about="where the files are"
            )
        case "triggerer":
            parser = group.command(run_triggerer)
            parser.add_argument("--capacity", type=int, help="run at most so many triggers")
            parser.add_argument(
                "--queues", help="only triggers of tasks of these queues, with commas between"
            )
            parser.add_argument("-s", "--skip-serve-logs", action="store_true", help=_ACCEPTED)
        case _:
            parser = group.command(run_api_server)
            of_api = {
                ("-H", "--host"): ("host", "ADDRESS", "where it listens"),
                ("-p", "--port"): ("port", "PORT", "0 takes a free one"),
                ("--ssl-cert",): ("ssl_cert", "FILE", "the certificate to serve https with"),
                ("--ssl-key",): ("ssl_key", "FILE", "its key"),
            }
            for options, (key, metavar, about) in of_api.items():
                parser.add_setting(*options, "api", key, metavar=metavar, about=about)
    add_daemon_options(parser)


def run_scheduler(deployment: Deployment, arguments: Namespace) -> None:
    """Run the scheduler with the executor."""
    from slipstream.cli.server.server import Part

    serve(deployment, arguments, {Part.SCHEDULER}, locked_for="slipstream scheduler")


def run_dag_processor(deployment: Deployment, arguments: Namespace) -> None:
    """Run what loads DAG files."""
    from slipstream.cli.server.server import Part

    serve(deployment, arguments, {Part.DAG_PROCESSOR}, locked_for=None)


def run_triggerer(deployment: Deployment, arguments: Namespace) -> None:
    """Run what deferred tasks wait on, in place of the scheduler's process."""
    from slipstream.cli.server.server import Part, TriggerShare

    if arguments.capacity is not None and arguments.capacity < 1:
        raise UsageError(f"--capacity is {arguments.capacity}; expected 1 or more.")
    queues = None
    if arguments.queues is not None:
        queues = tuple(filter(None, (name.strip() for name in arguments.queues.split(","))))
        if not queues:
            raise UsageError("--queues names no queue; expected names with commas between.")
    share = TriggerShare(capacity=arguments.capacity, queues=queues)
    serve(deployment, arguments, {Part.TRIGGERER}, locked_for=None, triggers=share)


def run_api_server(deployment: Deployment, arguments: Namespace) -> None:
    """Run the REST API."""
    from slipstream.cli.server.server import Part

    serve(deployment, arguments, {Part.API}, locked_for=None)
