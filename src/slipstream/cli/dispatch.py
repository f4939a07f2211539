"""From a command line to the function that carries it out.

A noun's module is imported only when that noun is used, so that no command pays for another.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Final

from slipstream.cli.auditing import complete, entry_of, is_audited
from slipstream.cli.errors import UsageError
from slipstream.cli.former import in_todays_words
from slipstream.cli.grammar import Group, Parser, Run
from slipstream.cli.refused import refuse
from slipstream.model.errors import SlipstreamError

NOUNS: Final[dict[str, tuple[str, str]]] = {
    "approvals": ("slipstream.cli.approvals", "List and answer what tasks ask people"),
    "api-server": ("slipstream.cli.components", "Run the REST API in a process of its own"),
    "assets": ("slipstream.cli.assets", "List assets, and make them"),
    "audit": ("slipstream.cli.audit", "List who did what"),
    "auth": ("slipstream.cli.auth", "Sign in to servers; keys, and tokens for scripts"),
    "backfill": ("slipstream.cli.backfill", "Make the runs of a stretch of time"),
    "cheat-sheet": ("slipstream.cli.cheat_sheet", "List every command on one page"),
    "completion": ("slipstream.cli.completion", "Print what a shell completes commands with"),
    "config": ("slipstream.cli.settings", "Show the settings and where they come from"),
    "connections": ("slipstream.cli.connections", "Manage connections"),
    "dags": ("slipstream.cli.dags.commands", "List, run, pause and inspect DAGs"),
    "dag-processor": ("slipstream.cli.components", "Run what loads DAG files on its own"),
    "db": ("slipstream.cli.database", "Create, check and clean the database"),
    "db-manager": (
        "slipstream.cli.table_managers",
        "Manage tables that packages keep in the database",
    ),
    "doctor": ("slipstream.cli.doctor.commands", "Report what in DAG files would not work"),
    "info": ("slipstream.cli.info", "Show versions, paths and the database"),
    "jobs": ("slipstream.cli.jobs", "Check that components are alive"),
    "migrate": ("slipstream.cli.migration.commands", "Move in from Airflow"),
    "plugins": ("slipstream.cli.plugins", "Show what plugins add"),
    "kerberos": ("slipstream.cli.kerberos", "Keep a Kerberos ticket fresh"),
    "partitions": ("slipstream.cli.partitions", "Clear what runs are about"),
    "pools": ("slipstream.cli.pools", "Manage pools"),
    "providers": (
        "slipstream.cli.providers.commands",
        "Install providers, and see what they bring",
    ),
    "rotate-fernet-key": ("slipstream.cli.rotation", "Encrypt all secrets with a new key"),
    "roles": ("slipstream.cli.roles", "Manage what people may do"),
    "scheduler": ("slipstream.cli.components", "Run the scheduler in a process of its own"),
    "state-store": ("slipstream.cli.state_store", "Clean what tasks remember"),
    "standalone": ("slipstream.cli.standalone", "Run everything with one command"),
    "tasks": ("slipstream.cli.tasks.commands", "List, run, clear and inspect tasks"),
    "teams": ("slipstream.cli.teams", "Manage the teams that share the deployment"),
    "triggerer": ("slipstream.cli.components", "Run triggers in a process of its own"),
    "users": ("slipstream.cli.users", "Manage who may sign in"),
    "variables": ("slipstream.cli.variables", "Manage variables"),
    "why": ("slipstream.cli.why", "Say what a task waits for, since when and until when"),
    "version": ("slipstream.cli.info", "Show the version"),
}
"""`{noun: (module, help)}`; a module offers `add_commands(group)`."""


def dispatch(arguments: Sequence[str]) -> int:
    """Parse and run; errors that people can mend become one line and an exit code."""
    try:
        words = in_todays_words(arguments, NOUNS)
        refuse(words)
        parsed = parse(words)
    except UsageError as error:
        return _fail(error, 2)
    except SystemExit as stop:  # argparse has said what is wrong, or printed its help
        return stop.code if isinstance(stop.code, int) else 2
    return _guarded(parsed)


def parse(arguments: Sequence[str]) -> Namespace:
    """The parsed command line; `run` in it is the function to call."""
    parser = Parser(
        prog="slipstream",
        description="A light, fast workflow orchestrator that runs Airflow DAG files unmodified.",
    )
    parser.add_argument("--version", "-V", action="store_true", help="show the version and exit")
    parser.add_deployment_options()
    nouns = parser.add_subparsers(dest="noun", metavar="COMMAND", required=True)
    wanted = _command_in(arguments)
    for noun, (module, help_text) in NOUNS.items():
        group = Group(nouns.add_parser(noun, help=help_text, description=help_text), noun)
        if noun == wanted:
            from importlib import import_module

            import_module(module).add_commands(group)
    if wanted not in NOUNS and (wanted or _HELP.intersection(arguments)):
        from slipstream.cli.provided import add_provided_commands

        add_provided_commands(nouns, NOUNS, wanted, arguments)
    return parser.parse_args(arguments)


_HELP = frozenset({"-h", "--help"})


def _command_in(arguments: Sequence[str]) -> str | None:
    """The first word that is neither an option nor the value of one."""
    words = iter(arguments)
    for word in words:
        if word in ("--home", "--config", "--server"):
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None


def _guarded(parsed: Namespace) -> int:
    from slipstream.cli.deployment import Deployment
    from slipstream.cli.remote.errors import NotAdmittedError, UnreachableServerError

    run: Run = parsed.run
    try:
        elsewhere = _on_server(parsed)
        if elsewhere is not None:
            sys.stdout.flush()
            return elsewhere
        with Deployment.from_arguments(parsed) as deployment:
            if is_audited(parsed):
                deployment.entry = entry_of(parsed)
            code = run(deployment, parsed) or 0
            if deployment.entry is not None and deployment.is_opened:
                complete(deployment, deployment.entry)
            sys.stdout.flush()
            return code
    except UsageError as error:
        return _fail(error, 2)
    except UnreachableServerError as error:
        return _fail(error, 3)
    except NotAdmittedError as error:
        return _fail(error, 4)
    except SlipstreamError as error:
        return _fail(error, 1)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output (head, less) went away; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _on_server(parsed: Namespace) -> int | None:
    """The exit code of a command that a server carries out; None for one on this machine."""
    from slipstream.cli.remote.choice import remote_run, server_url

    run = remote_run(parsed)
    url = server_url(parsed)
    if run is None or url is None:
        return None
    from slipstream.cli.remote.logins import token_for
    from slipstream.cli.remote.server import Server, checked_url
    from slipstream.config import load_config

    config = load_config(file=getattr(parsed, "config_file", None))
    address = checked_url(url)
    return run(Server(address, token_for(address), config), parsed) or 0


def _fail(error: SlipstreamError, code: int) -> int:
    print(f"slipstream: {error}", file=sys.stderr)
    return code
