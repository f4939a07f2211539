"""`slipstream dags` on a server: runs, and changes."""

from __future__ import annotations

import json
import sys
from argparse import Namespace

from slipstream.cli.asking import confirm
from slipstream.cli.dags.running import TRIGGERED_COLUMNS, parse_conf
from slipstream.cli.errors import UsageError
from slipstream.cli.moments import moment
from slipstream.cli.output import show_rows
from slipstream.cli.remote.clearing import clear_chosen
from slipstream.cli.remote.finding import Dag, Run, all_dags, dags_by_pattern, find_dag, find_run
from slipstream.cli.remote.listing import run_row
from slipstream.cli.remote.server import Server, moment_text, place
from slipstream.model.errors import NotFoundError
from slipstream.model.json import JsonValue


def trigger(server: Server, arguments: Namespace) -> None:
    """Create a run; the server starts it at once."""
    dag = find_dag(server, arguments.dag_id)
    date = moment(arguments.logical_date, server.config) if arguments.logical_date else None
    body: dict[str, JsonValue] = {
        "dag_run_id": arguments.run_id,
        "logical_date": moment_text(date),
        "conf": parse_conf(arguments.conf),
    }
    run = server.post(place("dags", dag.dag_id, "dagRuns"), body, Run)
    show_rows([run_row(run)], arguments.output, columns=TRIGGERED_COLUMNS)
    if dag.is_paused:
        print(
            f"{dag.dag_id} is paused: the run waits for `slipstream dags unpause {dag.dag_id}`.",
            file=sys.stderr,
        )


def show_state(server: Server, arguments: Namespace) -> None:
    """Print the state of a run, and its configuration where it has one."""
    run = find_run(server, arguments.dag_id, arguments.logical_date_or_run_id)
    conf = f", {json.dumps(dict(run.conf))}" if run.conf else ""
    print(f"{run.state}{conf}")


def pause(server: Server, arguments: Namespace) -> None:
    """No new runs start, and no new tasks of the runs that there are."""
    _set_paused(server, arguments, paused=True)


def unpause(server: Server, arguments: Namespace) -> None:
    """Runs start again."""
    _set_paused(server, arguments, paused=False)


def _set_paused(server: Server, arguments: Namespace, *, paused: bool) -> None:
    if arguments.treat_dag_id_as_regex:
        dags = dags_by_pattern(server, arguments.dag_id)
        if not dags:
            raise NotFoundError(f"No DAG's id matches {arguments.dag_id!r}.")
    else:
        dags = [find_dag(server, arguments.dag_id)]
    verb = "pause" if paused else "unpause"
    if len(dags) > 1:
        names = ", ".join(dag.dag_id for dag in dags)
        confirm(f"This will {verb} {len(dags)} DAGs: {names}. Go on?", yes=arguments.yes)
    for dag in dags:
        server.patch(place("dags", dag.dag_id), {"is_paused": paused}, Dag)
    show_rows(
        ({"dag_id": dag.dag_id, "is_paused": paused} for dag in dags),
        arguments.output,
        columns=("dag_id", "is_paused"),
    )


def delete(server: Server, arguments: Namespace) -> None:
    """Remove a DAG, its runs and their history; its file stays."""
    dag = find_dag(server, arguments.dag_id)
    confirm(
        f"All runs and the whole history of {dag.dag_id} on {server.url} will be lost. Go on?",
        yes=arguments.yes,
    )
    server.send("DELETE", place("dags", dag.dag_id))
    print(f"Removed {dag.dag_id}. While its file is there, it comes back without a history.")


def clear(server: Server, arguments: Namespace) -> None:
    """Let a run, or all runs, of a DAG start over."""
    dag = find_dag(server, arguments.dag_id)
    if arguments.only_failed and arguments.only_running:
        raise UsageError("--only-failed and --only-running exclude each other.")
    start, end = arguments.partition_date_start, arguments.partition_date_end
    by_partition = arguments.partition_key is not None or start is not None or end is not None
    if arguments.run_id and by_partition:
        raise UsageError("--run-id and the options of partitions exclude each other.")
    if not by_partition:
        run = (
            find_run(server, dag.dag_id, arguments.run_id).dag_run_id if arguments.run_id else None
        )
        body: dict[str, JsonValue] = {
            "dag_run_id": run,
            "only_failed": arguments.only_failed,
            "only_running": arguments.only_running,
        }
        clear_chosen(server, {place("dags", dag.dag_id, "clearTaskInstances"): body}, arguments)
        return
    if arguments.only_running:
        raise UsageError(
            "A server clears the runs of partitions as a whole, or what failed in them: leave "
            "--only-running out."
        )
    earliest, latest = (text and moment(text, server.config) for text in (start, end))
    body = {
        "dag_runs": [],
        "partition_key": arguments.partition_key,
        "partition_date_start": moment_text(earliest or None),
        "partition_date_end": moment_text(latest or None),
        "only_failed": arguments.only_failed,
    }
    clear_chosen(server, {place("dags", dag.dag_id, "clearDagRuns"): body}, arguments)


def reserialize(server: Server, arguments: Namespace) -> None:
    """Have the server load its DAG files again; it does so at once."""
    files = {
        dag.file_token
        for dag in all_dags(server)
        if not arguments.bundle_name or dag.bundle_name in arguments.bundle_name
    }
    for token in sorted(files):
        server.send("PUT", place("parseDagFile", token))
    print(
        f"{server.url} loads {len(files)} files again. What is wrong with them: "
        f"`slipstream dags list-import-errors`."
    )
