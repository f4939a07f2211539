"""Which server a command line is for, and which commands a server can carry out."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeAlias

from slipstream.cli.errors import UsageError

if TYPE_CHECKING:
    from slipstream.cli.remote.server import Server

Command: TypeAlias = "tuple[str, str | None]"
"""`(noun, verb)`; a noun without verbs has None."""
RemoteRun: TypeAlias = "Callable[[Server, Namespace], int | None]"

SERVER_VARIABLE: Final = "SLIPSTREAM_SERVER"

_VERBS: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("approvals", "approvals"): {
        "list": "list_questions",
        "get": "get_question",
        "answer": "answer_question",
    },
    ("assets", "assets"): {
        "list": "list_assets",
        "details": "show_details",
        "materialize": "materialize",
    },
    ("audit", "audit"): {"list": "list_entries"},
    ("auth", "tokens"): {
        "create-token": "create_token",
        "list-tokens": "list_tokens",
        "delete-token": "delete_token",
    },
    ("backfill", "backfill"): {
        "create": "create_backfill",
        "list": "list_backfills",
        "show": "show_backfill",
        "pause": "pause_backfill",
        "unpause": "unpause_backfill",
        "cancel": "cancel_backfill",
    },
    ("config", "deployment"): {"list": "list_settings", "get-value": "get_value"},
    ("connections", "connections"): {
        "add": "add_connection",
        "list": "list_connections",
        "get": "get_connection",
        "create-default-connections": "create_default_connections",
        "delete": "delete_connection",
        "import": "import_connections",
        "test": "test_connection",
    },
    ("dags", "listing"): {
        "list": "list_dags",
        "details": "show_details",
        "report": "report",
        "list-import-errors": "list_import_errors",
        "next-execution": "show_next",
        "list-runs": "list_runs",
        "show": "show",
    },
    ("dags", "dags"): {
        "trigger": "trigger",
        "state": "show_state",
        "clear": "clear",
        "pause": "pause",
        "unpause": "unpause",
        "reserialize": "reserialize",
        "delete": "delete",
    },
    ("dags", "assets"): {"show-dependencies": "show_dependencies"},
    ("dags", "deployment"): {"list-jobs": "list_jobs"},
    ("jobs", "deployment"): {"check": "check_jobs"},
    ("partitions", "deployment"): {"clear": "clear_partitions"},
    ("pools", "pools"): {
        "list": "list_pools",
        "get": "get_pool",
        "set": "set_pool",
        "delete": "delete_pool",
        "import": "import_pools",
        "export": "export_pools",
    },
    ("providers", "deployment"): {"list": "list_providers"},
    ("roles", "roles"): {
        "list": "list_roles",
        "create": "create_roles",
        "delete": "delete_roles",
        "add-perms": "add_permissions",
        "del-perms": "remove_permissions",
        "export": "export_roles",
        "import": "import_roles",
    },
    ("tasks", "tasks"): {
        "list": "list_tasks",
        "state": "show_state",
        "states-for-dag-run": "show_states",
        "failed-deps": "show_reason",
        "clear": "clear",
        "render": "show_rendered",
    },
    ("users", "users"): {
        "create": "create_user",
        "list": "list_users",
        "delete": "delete_user",
        "add-role": "add_role",
        "remove-role": "remove_role",
        "reset-password": "reset_password",
        "revoke-tokens": "revoke_tokens",
        "reset-mfa": "reset_mfa",
        "import": "import_users",
        "export": "export_users",
    },
    ("variables", "variables"): {
        "list": "list_variables",
        "get": "get_variable",
        "set": "set_variable",
        "delete": "delete_variable",
        "import": "import_variables",
        "export": "export_variables",
    },
}
"""`{(noun, module): {verb: function}}`."""

REMOTE: Final[Mapping[Command, str]] = {
    **{
        (noun, verb): f"{module}:{function}"
        for (noun, module), verbs in _VERBS.items()
        for verb, function in verbs.items()
    },
    ("info", None): "deployment:show_info",
    ("plugins", None): "deployment:show_plugins",
    ("version", None): "deployment:show_version",
    ("why", None): "tasks:say_why",
}
"""Commands that a server carries out: `module:function` below this package."""

_IS_A_SERVER: Final = "starts a server here"
_OWN_MACHINE: Final = "works on the database itself: run it on the server's own machine"
_LOADS_FILES: Final = "runs DAG files of this machine"
_LOOKS_HERE: Final = "looks at what is installed on this machine"

HERE_ALONE: Final[Mapping[Command, str]] = {
    **dict.fromkeys(
        [
            (noun, None)
            for noun in ("api-server", "dag-processor", "scheduler", "standalone", "triggerer")
        ],
        _IS_A_SERVER,
    ),
    ("cheat-sheet", None): "lists the commands of this release",
    ("completion", None): "prints what a shell of this machine needs",
    **dict.fromkeys(
        [("config", verb) for verb in ("lint", "update")], "reads an airflow.cfg of this machine"
    ),
    ("dags", "test"): _LOADS_FILES,
    ("tasks", "test"): _LOADS_FILES,
    ("doctor", None): "reads DAG files of this machine",
    ("kerberos", None): "keeps a ticket fresh on this machine",
    ("providers", "install"): "installs into the environment of this machine",
    **dict.fromkeys(
        [
            ("providers", verb)
            for verb in (
                "auth-managers",
                "behaviours",
                "configs",
                "executors",
                "get",
                "hooks",
                "lazy-loaded",
                "links",
                "logging",
                "notifications",
                "queues",
                "secrets",
                "triggers",
                "widgets",
            )
        ],
        _LOOKS_HERE,
    ),
    **dict.fromkeys([("auth", verb) for verb in ("list", "login", "logout")], "keeps logins here"),
}
"""Commands that have nothing to do with a home, and what they do instead."""

ON_ITS_MACHINE: Final[Mapping[Command, str]] = {
    ("auth", "rotate-keys"): _OWN_MACHINE,
    ("connections", "export"): (
        "writes passwords, and a server does not send them: run it on the server's own machine"
    ),
    **dict.fromkeys(
        [
            ("db", verb)
            for verb in (
                "check",
                "check-migrations",
                "clean",
                "downgrade",
                "drop-archived",
                "export-archived",
                "migrate",
                "reset",
                "shell",
            )
        ],
        _OWN_MACHINE,
    ),
    **dict.fromkeys(
        [("db-manager", verb) for verb in ("downgrade", "migrate", "reset")], _OWN_MACHINE
    ),
    ("migrate", "from-airflow"): _OWN_MACHINE,
    ("rotate-fernet-key", None): _OWN_MACHINE,
    ("state-store", "clean"): _OWN_MACHINE,
    **dict.fromkeys(
        [("teams", verb) for verb in ("create", "delete", "list", "sync")],
        "works on the database itself, for the REST API has no operation about teams: run it on "
        "the server's own machine",
    ),
}
"""Commands on a home that no server carries out for somebody elsewhere, and why."""


def server_url(parsed: Namespace) -> str | None:
    """The server that the command line or the environment names; None for the home here."""
    given: str | None = getattr(parsed, "server", None)
    return given or os.environ.get(SERVER_VARIABLE) or None


def remote_run(parsed: Namespace) -> RemoteRun | None:
    """What carries the command out on the server that is named; None where it is one for here.

    Raises `UsageError` where no server can do it.
    """
    if server_url(parsed) is None:
        return None
    command = (parsed.noun, getattr(parsed, "verb", None))
    words = " ".join(filter(None, command))
    if command in HERE_ALONE:
        if command[0] != "auth" and getattr(parsed, "server", None):
            raise UsageError(f"slipstream {words} {HERE_ALONE[command]}: leave --server out.")
        return None
    if command in REMOTE:
        if getattr(parsed, "home", None) is not None:
            raise UsageError("--home and --server exclude each other: one is here, one elsewhere.")
        module, _, name = REMOTE[command].partition(":")
        run: RemoteRun = getattr(import_module(f"slipstream.cli.remote.{module}"), name)
        return run
    raise UsageError(f"slipstream {words} {ON_ITS_MACHINE[command]}.")
