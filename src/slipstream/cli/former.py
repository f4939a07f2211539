"""Commands of Airflow 1.10 and 2 in today's words, so that scripts keep working."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from slipstream.cli.errors import UsageError

_RENAMED: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    # Airflow 2
    ("webserver",): ("api-server",),
    ("db", "init"): ("db", "migrate"),
    ("db", "upgrade"): ("db", "migrate"),
    # Airflow 1.10
    ("initdb",): ("db", "migrate"),
    ("upgradedb",): ("db", "migrate"),
    ("resetdb",): ("db", "reset"),
    ("checkdb",): ("db", "check"),
    ("list_dags",): ("dags", "list"),
    ("list_dag_runs",): ("dags", "list-runs"),
    ("list_tasks",): ("tasks", "list"),
    ("list_users",): ("users", "list"),
    ("create_user",): ("users", "create"),
    ("trigger_dag",): ("dags", "trigger"),
    ("pause",): ("dags", "pause"),
    ("unpause",): ("dags", "unpause"),
    ("delete_dag",): ("dags", "delete"),
    ("show_dag",): ("dags", "show"),
    ("dag_state",): ("dags", "state"),
    ("next_execution",): ("dags", "next-execution"),
    ("task_state",): ("tasks", "state"),
    ("task_failed_deps",): ("tasks", "failed-deps"),
    ("clear",): ("tasks", "clear"),
    ("render",): ("tasks", "render"),
    ("test",): ("tasks", "test"),
}
_GONE: Final[Mapping[tuple[str, ...], str]] = {
    ("flower",): "Run celery's flower by itself.",
    ("worker",): "Tasks run where [core] executor says.",
    ("serve_logs",): "Logs are served by the server: slipstream api-server.",
    ("dags", "backfill"): "Make the runs of a stretch of time with slipstream backfill create.",
    ("tasks", "run"): "Tasks are started by the server; slipstream tasks test runs one by hand.",
    ("run",): "Tasks are started by the server; slipstream tasks test runs one by hand.",
    ("sync_perm",): "Permissions need no syncing.",
    ("sync-perm",): "Permissions need no syncing.",
}


def in_todays_words(arguments: Sequence[str], nouns: Mapping[str, object]) -> list[str]:
    """The command line with a former command replaced by today's.

    A command that is there under that name is left alone. Raises `UsageError` for one that nothing
    took the place of.
    """
    words = list(arguments)
    start = next((index for index, word in enumerate(words) if not word.startswith("-")), None)
    if start is None:
        return words
    for length in (2, 1):
        command = tuple(words[start : start + length])
        if length == 1 and command[0] in nouns:
            break
        if command in _RENAMED:
            return [*words[:start], *_RENAMED[command], *words[start + length :]]
        if command in _GONE:
            raise UsageError(f"There is no {' '.join(command)} here. {_GONE[command]}")
    return words
