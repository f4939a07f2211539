"""`slipstream scheduler`, `dag-processor`, `triggerer` and `api-server`: one part to a process.

They meet in the database, which `slipstream db migrate` has to have made.
"""

from __future__ import annotations

import os
from argparse import Namespace
from typing import TYPE_CHECKING, Final

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.grammar import Group
from slipstream.cli.server.daemon import add_daemon_options
from slipstream.cli.server.run import say, serve
from slipstream.cli.server.wiring import forwarding_proxies
from slipstream.cli.teams import team_of_entry
from slipstream.model.errors import NotFoundError

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
            parser.add_argument(
                "--team-name", metavar="TEAM", help="only triggers of this team's tasks"
            )
            parser.add_argument("-s", "--skip-serve-logs", action="store_true", help=_ACCEPTED)
        case _:
            parser = group.command(run_api_server)
            of_api = {
                ("-H", "--host"): ("host", "ADDRESS", "where it listens"),
                ("-p", "--port"): ("port", "PORT", "0 takes a free one"),
                ("--ssl-cert",): ("ssl_cert", "FILE", "the certificate to serve https with"),
                ("--ssl-key",): ("ssl_key", "FILE", "its key"),
                ("--ssl-ca-file",): ("ssl_ca_file", "FILE", "who signs clients' certificates"),
                ("--ssl-cert-reqs",): (
                    "ssl_cert_reqs",
                    "WHICH",
                    "whether clients need one: none, optional or required",
                ),
                ("-w", "--workers"): ("workers", "N", "so many processes serve"),
                ("-t", "--worker-timeout"): (
                    "worker_timeout",
                    "SECONDS",
                    "how long a process may be silent, and requests take at the end",
                ),
                ("--log-config",): ("log_config", "FILE", "how to log: JSON, YAML or INI"),
            }
            for options, (key, metavar, about) in of_api.items():
                parser.add_setting(*options, "api", key, metavar=metavar, about=about)
            parser.add_argument(
                "--apps",
                default="all",
                metavar="PARTS",
                help="which parts of the API are served: all, or core (the same here)",
            )
            parser.add_argument(
                "--proxy-headers",
                action="store_true",
                help="believe X-Forwarded-For and -Proto of the addresses in FORWARDED_ALLOW_IPS "
                "(127.0.0.1 unless that is set), besides [slipstream] trusted_proxies",
            )
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
    team = team_of_entry(deployment, arguments.team_name)
    if team is not None and team not in deployment.store.list_teams():
        raise NotFoundError(f"There is no team {team!r}; `slipstream teams list` shows all.")
    share = TriggerShare(capacity=arguments.capacity, queues=queues, team_name=team)
    serve(deployment, arguments, {Part.TRIGGERER}, locked_for=None, shares=Shares(triggers=share))


def run_api_server(deployment: Deployment, arguments: Namespace) -> None:
    """Run the REST API, by one process or by several."""
    from slipstream.cli.server.server import Part
    from slipstream.cli.server.shares import ApiShare, Shares

    _check_apps(arguments.apps)
    proxies: tuple[str, ...] = ()
    if arguments.proxy_headers:
        proxies = forwarding_proxies(os.environ)
        who = "anybody" if "*" in proxies else ", ".join(proxies)
        say(f"What {who} says in X-Forwarded-For and X-Forwarded-Proto counts.")
    number = deployment.config.integer("api", "workers")
    if number > 1:
        from slipstream.cli.server.workers.serving import serve_by_workers

        serve_by_workers(deployment, arguments, number, proxies)
    else:
        shares = Shares(api=ApiShare(proxies=proxies))
        serve(deployment, arguments, {Part.API}, locked_for=None, shares=shares)


def _check_apps(named: str) -> None:
    """Raise `UsageError` for parts that an API server has not."""
    apps = {name.strip().lower() for name in named.split(",")} - {""}
    if not apps or not apps <= {"all", "core", "execution"}:
        raise UsageError(f"--apps is {named!r}; expected all, or core.")
    if apps == {"execution"}:
        raise UsageError(
            "--apps is execution: workers elsewhere report to the scheduler's own process, which "
            "is slipstream standalone. Leave --apps out, or say core, to serve everything else."
        )
