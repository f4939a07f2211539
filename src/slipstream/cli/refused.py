"""Commands and flags of Airflow that mean nothing here: each says what to use instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from slipstream.cli.errors import UsageError

_COMMANDS: Final[Mapping[tuple[str, ...], str]] = {
    ("cheat-sheet",): "slipstream --help lists the commands, and COMMAND --help its verbs.",
    (
        "config",
        "lint",
    ): "slipstream migrate airflow reads an airflow.cfg and says what of it counts.",
    ("config", "update"): "slipstream migrate airflow brings an airflow.cfg over.",
    (
        "connections",
        "create-default-connections",
    ): "There are none to begin with; slipstream connections import FILE brings yours.",
    ("dags", "list-jobs"): "Runs need no jobs of their own; slipstream dags list-runs shows them.",
    (
        "dags",
        "show-dependencies",
    ): "What waits for which data is on the web app's page Assets, and slipstream assets list.",
    ("db", "downgrade"): "Put a backup back: migrations only go forward.",
    ("db", "drop-archived"): "slipstream db clean removes at once and leaves no archives.",
    ("db", "export-archived"): "slipstream db clean leaves no archives; back up before it.",
    ("db", "shell"): "Use sqlite3 or psql on the database that slipstream info shows.",
    ("db-manager", "downgrade"): "Put a backup back: migrations only go forward.",
    ("db-manager", "migrate"): "slipstream db migrate brings all tables up to date.",
    ("db-manager", "reset"): "slipstream db reset drops everything and creates it anew.",
    ("db-manager",): "slipstream db has what there is: all tables are one schema.",
    ("teams", "create"): "Roles can be for some DAGs alone: slipstream roles create.",
    ("teams", "delete"): "Roles can be for some DAGs alone: slipstream roles delete.",
    ("teams", "list"): "Roles can be for some DAGs alone: slipstream roles list.",
    ("teams", "sync"): "Roles can be for some DAGs alone: slipstream roles import.",
    ("teams",): "Roles can be for some DAGs alone: slipstream roles.",
}
_KEEP_RUNNING: Final = (
    "It runs in the foreground and logs to the standard error: let systemd, a container or "
    "`nohup slipstream ... > FILE 2>&1 &` keep it running."
)
_ONE_PROCESS: Final = "One process serves, with as many threads as it needs."
_ALWAYS_NEWEST: Final = "It always brings the database to what this release needs."
_BY_TIME: Final = "db clean goes by time alone; slipstream dags delete removes one DAG's history."
_ALL_ROLES: Final = "Roles can be for some DAGs alone: slipstream roles create."
_AS_CONFIGURED: Final = "slipstream config list --defaults -o yaml prints every setting there is."


def _each(noun: str, verb: str, said: str, *flags: str) -> Mapping[tuple[str, str, str], str]:
    return {(noun, verb, flag): said for flag in flags}


def _of_daemons(noun: str) -> Mapping[tuple[str, str, str], str]:
    flags = ("--daemon", "-D", "--pid", "--stdout", "--stderr", "--log-file", "-l")
    return _each(noun, "", _KEEP_RUNNING, *flags)


_FLAGS: Final[Mapping[tuple[str, str, str], str]] = {
    **_of_daemons("api-server"),
    **_of_daemons("dag-processor"),
    **_of_daemons("kerberos"),
    **_of_daemons("scheduler"),
    **_of_daemons("triggerer"),
    **_each("api-server", "", _ONE_PROCESS, "--workers", "-w", "--worker-timeout", "-t", "--apps"),
    **_each(
        "api-server",
        "",
        "Set [api] base_url to the address that people use; addresses in the audit log are those "
        "that connect.",
        "--proxy-headers",
    ),
    **_each(
        "api-server",
        "",
        "Have a proxy in front check clients' certificates.",
        "--ssl-ca-file",
        "--ssl-cert-reqs",
    ),
    **_each("api-server", "", "[logging] logging_level says how much is logged.", "--log-config"),
    **{
        (noun, "", flag): "Files and settings are read again by themselves; leave it out."
        for noun in ("api-server", "dag-processor", "scheduler", "triggerer")
        for flag in ("--dev", "-d")
    },
    **_each(
        "config",
        "list",
        _AS_CONFIGURED,
        *("--comment-out-everything", "-c", "--exclude-providers", "-p"),
        *("--include-descriptions", "-d", "--include-env-vars", "-V"),
        *("--include-examples", "-e", "--include-sources", "-s"),
    ),
    **_each(
        "connections",
        "list",
        "connections get CONN_ID --show-secrets shows one whole, connections export - all of them.",
        "--show-values",
    ),
    **_each(
        "dag-processor",
        "",
        "It runs until it is stopped; slipstream dags reserialize has all files loaded once.",
        "--num-runs",
        "-n",
    ),
    **_each("dag-processor", "", "It loads the files of all bundles.", "--bundle-name", "-B"),
    **_each("db", "clean", _BY_TIME, "--dag-ids", "--exclude-dag-ids"),
    **_each("db", "clean", "It goes in small parts by itself; leave it out.", "--batch-size"),
    **_each(
        "db",
        "clean",
        "A failure always ends the command with an error; leave it out.",
        "--error-on-cleanup-failure",
    ),
    **_each(
        "db",
        "migrate",
        _ALWAYS_NEWEST,
        *("--from-revision", "--from-version", "--to-revision", "-r", "--to-version", "-n"),
        *("--show-sql-only", "-s", "--use-migration-files", "-m"),
    ),
    **_each(
        "db",
        "reset",
        "It drops everything and creates it anew by the migrations.",
        *("--skip-init", "-s", "--use-migration-files", "-m"),
    ),
    **_each("info", "", "It prints no secrets; read what it prints and send it.", "--anonymize"),
    **_each("info", "", "Nothing is uploaded: send what it prints.", "--file-io"),
    **_each("pools", "set", _ALL_ROLES, "--team-name"),
    **_each(
        "scheduler",
        "",
        "It runs until it is stopped; slipstream dags test runs one DAG to its end.",
        *("--num-runs", "-n", "--only-idle", "-i"),
    ),
    **_each("triggerer", "", _ALL_ROLES, "--team-name"),
    **_each(
        "variables",
        "list",
        "variables get KEY prints one, variables export - all of them.",
        "--show-values",
    ),
    ("tasks", "test", "-m"): "Put breakpoint() into the task: tasks test runs it here.",
    ("dags", "show", "--imgcat"): "--save FILE writes the picture, to be shown by what you like.",
    ("dags", "test", "--imgcat-dagrun"): "slipstream dags show draws the DAG.",
    ("dags", "test", "--save-dagrun"): "slipstream dags show --save draws the DAG.",
    ("dags", "test", "--show-dagrun"): "slipstream dags show draws the DAG.",
    ("tasks", "test", "--post-mortem"): "Put breakpoint() into the task: tasks test runs it here.",
}


def refuse(arguments: Sequence[str], nouns: Mapping[str, object]) -> None:
    """Raises `UsageError`, which says what to use, for what is there in Airflow and not here."""
    words = [word for word in arguments if not word.startswith("-")]
    for length in (2, 1):
        command = tuple(words[:length])
        if command in _COMMANDS and not (length == 1 and command[0] in nouns):
            raise UsageError(f"There is no {' '.join(command)} here. {_COMMANDS[command]}")
    noun, verb = [*words, "", ""][:2]
    for word in arguments:
        flag = word.partition("=")[0]
        for command in ((noun, verb), (noun, "")):
            said = _FLAGS.get((*command, flag))
            if said is not None:
                raise UsageError(f"There is no {flag} of {' '.join(command).strip()} here. {said}")
