"""`slipstream dags` on a server: what there is."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import defaultdict

import msgspec

from slipstream.cli.dags.graph import dot_text, tree_lines
from slipstream.cli.dags.listing import ALL_DAG_COLUMNS, RUN_COLUMNS
from slipstream.cli.dags.pictures import check_pictures, show_picture
from slipstream.cli.dags.showing import save
from slipstream.cli.errors import UsageError
from slipstream.cli.moments import stretch
from slipstream.cli.output import Row, show_fields, show_rows
from slipstream.cli.remote.finding import (
    Dag,
    Run,
    Version,
    all_dags,
    find_dag,
    graph_of,
)
from slipstream.cli.remote.server import Server, moment_text, place
from slipstream.model.json import JsonValue
from slipstream.model.states import RunType


class _Details(Dag, kw_only=True):
    latest_dag_version: Version | None = None


class _ImportError(msgspec.Struct, kw_only=True):
    filename: str
    stack_trace: str
    bundle_name: str | None = None


def list_dags(server: Server, arguments: Namespace) -> None:
    """Print every DAG of a present file."""
    if arguments.local:
        raise UsageError("--local loads the files of this machine: leave --server out.")
    unknown = set(arguments.columns) - set(ALL_DAG_COLUMNS)
    if unknown:
        raise UsageError(
            f"There is no column {', '.join(sorted(unknown))}; expected any of "
            f"{', '.join(ALL_DAG_COLUMNS)}."
        )
    rows = []
    for dag in all_dags(server):
        if arguments.bundle_name and dag.bundle_name not in arguments.bundle_name:
            continue
        row = _row(dag)
        if "version_number" in arguments.columns:
            row["version_number"] = _number(_details(server, dag.dag_id))
        rows.append(row)
    show_rows(rows, arguments.output, columns=arguments.columns)


def show_details(server: Server, arguments: Namespace) -> None:
    """Print all that is known of one DAG."""
    find_dag(server, arguments.dag_id)
    fields = server.get(place("dags", arguments.dag_id, "details"), dict[str, JsonValue])
    tasks: list[JsonValue] = [*graph_of(server, arguments.dag_id).tasks]
    show_fields({**fields, "task_ids": tasks}, arguments.output)


def report(server: Server, arguments: Namespace) -> None:
    """Print, for each file, how long it took to load and what is in it."""
    by_file: defaultdict[str, list[Dag]] = defaultdict(list)
    for dag in all_dags(server):
        if not arguments.bundle_name or dag.bundle_name in arguments.bundle_name:
            by_file[dag.relative_fileloc or dag.fileloc].append(dag)
    slowest_first = sorted(
        by_file.items(), key=lambda item: -max(dag.last_parse_duration or 0 for dag in item[1])
    )
    rows: list[Row] = [
        {
            "bundle_name": dags[0].bundle_name,
            "file": file,
            "duration": round(max(dag.last_parse_duration or 0 for dag in dags), 3),
            "dag_num": len(dags),
            "task_num": sum(len(graph_of(server, dag.dag_id).tasks) for dag in dags),
            "dags": [dag.dag_id for dag in dags],
        }
        for file, dags in slowest_first
    ]
    columns = ("bundle_name", "file", "duration", "dag_num", "task_num", "dags")
    show_rows(rows, arguments.output, columns=columns)


def list_import_errors(server: Server, arguments: Namespace) -> int:
    """Print the broken files with their tracebacks; the exit code is 1 where there are any."""
    if arguments.local:
        raise UsageError("--local loads the files of this machine: leave --server out.")
    rows: list[Row] = [
        {"bundle_name": one.bundle_name, "filepath": one.filename, "error": one.stack_trace}
        for one in server.every(place("importErrors"), "import_errors", _ImportError)
        if not arguments.bundle_name or one.bundle_name in arguments.bundle_name
    ]
    show_rows(rows, arguments.output, columns=("bundle_name", "filepath", "error"))
    return 1 if rows else 0


def show_next(server: Server, arguments: Namespace) -> None:
    """Print the next run by the timetable."""
    if arguments.num_executions != 1:
        raise UsageError(
            "A server tells of the next run alone: leave --num-executions out, or ask on the "
            "server's own machine."
        )
    if arguments.table and arguments.field:
        raise UsageError("--table shows all fields; leave out --field.")
    if arguments.field in ("partition_key", "partition_date"):
        raise UsageError(
            f"A server does not tell the {arguments.field} of the next run: ask on the server's "
            "own machine."
        )
    dag = find_dag(server, arguments.dag_id)
    if dag.is_paused:
        print(
            f"{dag.dag_id} is paused: none of this happens before it is unpaused.", file=sys.stderr
        )
    row: dict[str, JsonValue] = {
        "logical_date": moment_text(dag.next_dagrun_logical_date) or "",
        "data_interval_start": moment_text(dag.next_dagrun_data_interval_start) or "",
        "data_interval_end": moment_text(dag.next_dagrun_data_interval_end) or "",
        "run_after": moment_text(dag.next_dagrun_run_after) or "",
    }
    rows = [row] if dag.next_dagrun_run_after is not None else []
    field = arguments.field or "logical_date"
    if rows and dag.next_dagrun_logical_date is None and not arguments.field:
        print(
            f"{dag.dag_id} runs about partitions, which a server does not name: this is when.",
            file=sys.stderr,
        )
        field = "run_after"
    if arguments.table:
        show_rows(rows, "table", columns=tuple(row))
    else:
        print((row[field] or "None") if rows else "None")


def show(server: Server, arguments: Namespace) -> None:
    """Print the graph, save it to a file, or show it as a picture."""
    check_pictures(arguments)
    dag = find_dag(server, arguments.dag_id)
    spec = graph_of(server, dag.dag_id)
    if arguments.imgcat:
        show_picture(dot_text(spec))
        return
    if arguments.save:
        save(spec, arguments.save)
        return
    print(f"{spec.dag_id}: {len(spec.tasks)} tasks, schedule {dag.timetable_summary or 'none'}")
    for line in tree_lines(spec):
        print(line)


def list_runs(server: Server, arguments: Namespace) -> None:
    """Print the runs of a DAG, the newest first."""
    find_dag(server, arguments.dag_id)
    start, end = stretch(arguments.start_date, arguments.end_date, server.config)
    kinds = [kind.value for kind in RunType if kind is not RunType.BACKFILL]
    found = server.every(
        place("dags", arguments.dag_id, "dagRuns"),
        "dag_runs",
        Run,
        order_by="-run_after",
        state=arguments.state,
        run_type=kinds if arguments.no_backfill else None,
        logical_date_gte=start,
        logical_date_lte=end,
    )
    show_rows((run_row(run) for run in found), arguments.output, columns=RUN_COLUMNS)


def run_row(run: Run) -> Row:
    """A run as a row."""
    return {
        "dag_id": run.dag_id,
        "run_id": run.dag_run_id,
        "dag_run_id": run.dag_run_id,
        "run_type": run.run_type,
        "state": run.state,
        "run_after": moment_text(run.run_after),
        "logical_date": moment_text(run.logical_date),
        "data_interval_start": moment_text(run.data_interval_start),
        "data_interval_end": moment_text(run.data_interval_end),
        "start_date": moment_text(run.start_date),
        "end_date": moment_text(run.end_date),
        "conf": dict(run.conf or {}),
    }


def _row(dag: Dag) -> dict[str, JsonValue]:
    return {
        "dag_id": dag.dag_id,
        "owners": [*dag.owners],
        "bundle_version": dag.bundle_version,
        "description": dag.description,
        "tags": [tag.name for tag in dag.tags],
        "timetable_summary": dag.timetable_summary,
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        "fileloc": dag.fileloc,
        "is_paused": dag.is_paused,
        "bundle_name": dag.bundle_name,
        "is_stale": dag.is_stale,
        "has_import_errors": dag.has_import_errors,
        "last_parsed_time": moment_text(dag.last_parsed_time),
        "next_dagrun_logical_date": moment_text(dag.next_dagrun_logical_date),
        "next_dagrun_run_after": moment_text(dag.next_dagrun_run_after),
    }


def _details(server: Server, dag_id: str) -> _Details:
    return server.get(place("dags", dag_id, "details"), _Details)


def _number(dag: _Details) -> int | None:
    version = dag.latest_dag_version
    return None if version is None else version.version_number
