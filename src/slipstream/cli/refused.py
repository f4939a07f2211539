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
_FLAGS: Final[Mapping[tuple[str, str, str], str]] = {
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
        said = _FLAGS.get((noun, verb, flag))
        if said is not None:
            raise UsageError(f"There is no {flag} of {noun} {verb} here. {said}")
