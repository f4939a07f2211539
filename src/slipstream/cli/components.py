"""`slipstream scheduler`, `dag-processor`, `triggerer` and `api-server`: one part to a process.

They meet in the database, which `slipstream db migrate` has to have made.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Final

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.grammar import Group
from slipstream.cli.server.daemon import add_daemon_options
from slipstream.cli.server.run import serve

if TYPE_CHECKING:
    from slipstream.cli.server.shares import PassShare

_ACCEPTED: Final = "accepted, as in Airflow"


def add_commands(group: Group) -> None:
    """Each is a command without verbs."""
    match group.noun:
        case "scheduler":
            parser = group.command(run_scheduler)
            parser.add_setting(
                *("-n", "--num-runs", "scheduler", "num_runs"),
                metavar="N",
                about="end after so many passes of its loop; -1: never",
            )
            parser.add_argument(
                "-i",
                "--only-idle",
                action="store_true",
                help="count only passes without anything to do (setting: [scheduler] only_idle)",
            )
            parser.add_argument("-s", "--skip-serve-logs", action="store_true", help=_ACCEPTED)
        case "dag-processor":
            parser = group.command(run_dag_processor)
            parser.add_setting(
                "--dags-folder", "core", "dags_folder", metavar="DIR", about="where the files are"
            )
            parser.add_argument(
                "-B",
                "--bundle-name",
                action="append",
                metavar="NAME",
                help="load only the files of this bundle; may be given several times",
            )
            parser.add_argument(
                "-n",
                "--num-runs",
                type=int,
                default=-1,
                metavar="N",
                help="end when each file was loaded so many times; -1: never",
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


def run_scheduler(deployment: Deployment, arguments: Namespace) -> int:
    """Run the scheduler with the executor."""
    from slipstream.cli.server.server import Part
    from slipstream.cli.server.shares import Shares

    shares = Shares(passes=_passes(deployment, arguments))
    return serve(
        deployment, arguments, {Part.SCHEDULER}, locked_for="slipstream scheduler", shares=shares
    )


def _passes(deployment: Deployment, arguments: Namespace) -> PassShare | None:
    """None for no limit. Raises `ConfigError`."""
    from slipstream.cli.server.shares import PassShare
    from slipstream.config import ConfigError

    config = deployment.config
    passes = config.integer("scheduler", "num_runs")
    only_idle = arguments.only_idle or config.flag("scheduler", "only_idle")
    if passes == -1:
        return None
    if passes < 1:
        source = config.setting("scheduler", "num_runs").source
        raise ConfigError(
            f"{source}: [scheduler] num_runs is {passes}; expected 1 or more, or -1 for no end."
        )
    idle_seconds = config.number("scheduler", "scheduler_idle_sleep_time")
    if not idle_seconds >= 0:
        source = config.setting("scheduler", "scheduler_idle_sleep_time").source
        raise ConfigError(
            f"{source}: [scheduler] scheduler_idle_sleep_time is {idle_seconds:g}; expected a "
            "number of seconds, 0 or more."
        )
    return PassShare(passes=passes, only_idle=only_idle, idle_seconds=idle_seconds)


def run_dag_processor(deployment: Deployment, arguments: Namespace) -> int:
    """Run what loads DAG files."""
    from slipstream.cli.server.server import Part
    from slipstream.cli.server.shares import FileShare, Shares
    from slipstream.cli.server.wiring import chosen_folders

    rounds: int = arguments.num_runs
    if rounds < 1 and rounds != -1:
        raise UsageError(f"--num-runs is {rounds}; expected 1 or more, or -1 for no end.")
    bundles = tuple(arguments.bundle_name) if arguments.bundle_name else None
    chosen_folders(deployment, bundles)
    share = FileShare(bundles=bundles, rounds=None if rounds == -1 else rounds)
    shares = Shares(files=share)
    return serve(deployment, arguments, {Part.DAG_PROCESSOR}, locked_for=None, shares=shares)


def run_triggerer(deployment: Deployment, arguments: Namespace) -> None:
    """Run what deferred tasks wait on, in place of the scheduler's process."""
    from slipstream.cli.server.server import Part
    from slipstream.cli.server.shares import Shares, TriggerShare

    if arguments.capacity is not None and arguments.capacity < 1:
        raise UsageError(f"--capacity is {arguments.capacity}; expected 1 or more.")
    queues = None
    if arguments.queues is not None:
        queues = tuple(filter(None, (name.strip() for name in arguments.queues.split(","))))
        if not queues:
            raise UsageError("--queues names no queue; expected names with commas between.")
    share = TriggerShare(capacity=arguments.capacity, queues=queues)
    serve(deployment, arguments, {Part.TRIGGERER}, locked_for=None, shares=Shares(triggers=share))


def run_api_server(deployment: Deployment, arguments: Namespace) -> None:
    """Run the REST API."""
    from slipstream.cli.server.server import Part

    serve(deployment, arguments, {Part.API}, locked_for=None)
