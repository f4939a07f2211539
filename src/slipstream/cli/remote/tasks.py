"""`slipstream tasks` and `slipstream why` on a server."""

from __future__ import annotations

from argparse import Namespace

import msgspec

from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.moments import stretch
from slipstream.cli.output import show_rows
from slipstream.cli.remote.clearing import clear_chosen
from slipstream.cli.remote.finding import (
    Instance,
    Run,
    dags_by_pattern,
    find_dag,
    find_instance,
    find_run,
    graph_of,
)
from slipstream.cli.remote.server import Server, moment_text, place
from slipstream.cli.tasks.clearing import chosen_tasks
from slipstream.cli.tasks.listing import STATE_COLUMNS
from slipstream.cli.trial.headings import print_property
from slipstream.model.json import JsonValue


class _Why(msgspec.Struct, kw_only=True):
    waits_for: str
    task: str | None = None
    run: str | None = None


def list_tasks(server: Server, arguments: Namespace) -> None:
    """Print the task ids, upstreams first."""
    find_dag(server, arguments.dag_id, arguments.bundle_name)
    for task_id in graph_of(server, arguments.dag_id).tasks:
        print(task_id)


def show_state(server: Server, arguments: Namespace) -> None:
    """Print the state of one instance and nothing else, for scripts."""
    run = find_run(
        server, arguments.dag_id, arguments.logical_date_or_run_id, arguments.bundle_name
    )
    print(find_instance(server, run, arguments.task_id, arguments.map_index).state)


def show_states(server: Server, arguments: Namespace) -> None:
    """Print the instances of a run."""
    run = find_run(server, arguments.dag_id, arguments.logical_date_or_run_id)
    path = place("dags", run.dag_id, "dagRuns", run.dag_run_id, "taskInstances")
    show_rows(
        (
            {
                "dag_id": run.dag_id,
                "logical_date": moment_text(run.logical_date),
                "task_id": one.task_id,
                "map_index": one.map_index,
                "state": one.state,
                "try_number": one.try_number,
                "start_date": moment_text(one.start_date),
                "end_date": moment_text(one.end_date),
            }
            for one in server.every(path, "task_instances", Instance)
        ),
        arguments.output,
        columns=STATE_COLUMNS,
    )


def show_reason(server: Server, arguments: Namespace) -> None:
    """Print why an instance is in its state."""
    run = find_run(
        server, arguments.dag_id, arguments.logical_date_or_run_id, arguments.bundle_name
    )
    instance = find_instance(server, run, arguments.task_id, arguments.map_index)
    why = _why(server, run, arguments.task_id, arguments.map_index)
    reason = why.task or why.run or "nothing has been decided about it yet"
    print(f"{instance.task_id} is {instance.state or 'not scheduled'}: {reason}")


def say_why(server: Server, arguments: Namespace) -> None:
    """Print what a task instance waits for."""
    run = find_run(server, arguments.dag_id, arguments.run_id)
    print(_why(server, run, arguments.task_id, arguments.map_index).waits_for)


def show_rendered(server: Server, arguments: Namespace) -> None:
    """Print what the templates gave when the task ran last."""
    run = find_run(
        server, arguments.dag_id, arguments.logical_date_or_run_id, arguments.bundle_name
    )
    instance = find_instance(server, run, arguments.task_id, arguments.map_index)
    if not instance.rendered_fields:
        raise CommandFailedError(
            f"{instance.described} has not rendered anything yet: a server tells what the "
            f"templates gave when the task ran."
        )
    for field, value in instance.rendered_fields.items():
        print_property(field, value)


def clear(server: Server, arguments: Namespace) -> None:
    """Clear the chosen instances of the chosen tasks in the chosen runs."""
    if arguments.only_failed and arguments.only_running:
        raise UsageError("--only-failed and --only-running exclude each other.")
    start, end = stretch(arguments.start_date, arguments.end_date, server.config)
    dags = (
        dags_by_pattern(server, arguments.dag_id, arguments.bundle_name)
        if arguments.dag_regex
        else [find_dag(server, arguments.dag_id, arguments.bundle_name)]
    )
    chosen: dict[str, dict[str, JsonValue]] = {}
    for dag in dags:
        tasks = chosen_tasks(graph_of(server, dag.dag_id), arguments)
        if tasks is not None and not tasks:
            continue
        chosen[place("dags", dag.dag_id, "clearTaskInstances")] = {
            "task_ids": None if tasks is None else [*tasks],
            "start_date": moment_text(start),
            "end_date": moment_text(end),
            "only_failed": arguments.only_failed,
            "only_running": arguments.only_running,
        }
    clear_chosen(server, chosen, arguments)


def _why(server: Server, run: Run, task_id: str, map_index: int) -> _Why:
    path = place("dags", run.dag_id, "runs", run.dag_run_id, "tasks", task_id, "why", base="/ui")
    return server.get(path, _Why, map_index=map_index)
