"""What there is: DAGs, their files, their runs."""

from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator, Sequence

from slipstream.api.payloads.schedules import summary
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.finding import all_dags, all_runs, find_dag
from slipstream.cli.moments import stretch
from slipstream.cli.output import Row, as_text, show_fields, show_rows
from slipstream.cli.paging import every
from slipstream.model.dag import DagSpec
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType
from slipstream.store.interface import DagRecord, Range, RunFilter

DAG_COLUMNS = ("dag_id", "fileloc", "owners", "is_paused", "bundle_name", "bundle_version")
ALL_DAG_COLUMNS = (
    *DAG_COLUMNS,
    "description",
    "tags",
    "timetable_summary",
    "is_stale",
    "has_import_errors",
    "last_parsed_time",
    "next_dagrun_logical_date",
    "next_dagrun_run_after",
    "max_active_runs",
    "max_active_tasks",
    "version_number",
)
RUN_COLUMNS = ("dag_id", "run_id", "state", "run_after", "logical_date", "start_date", "end_date")


def list_dags(deployment: Deployment, arguments: Namespace) -> None:
    """Print every DAG of a present file."""
    unknown = set(arguments.columns) - set(ALL_DAG_COLUMNS)
    if unknown:
        raise UsageError(
            f"There is no column {', '.join(sorted(unknown))}; expected any of "
            f"{', '.join(ALL_DAG_COLUMNS)}."
        )
    rows = _local_rows(deployment) if arguments.local else map(dag_row, all_dags(deployment.store))
    show_rows(
        (
            row
            for row in rows
            if not arguments.bundle_name or row["bundle_name"] in arguments.bundle_name
        ),
        arguments.output,
        columns=arguments.columns,
    )


def _local_rows(deployment: Deployment) -> Iterator[Row]:
    from slipstream.cli.dags.parsing import parse_everything

    for file in parse_everything(deployment):
        for spec in file.dags:
            yield {
                **_spec_row(spec),
                "fileloc": file.fileloc,
                "bundle_name": file.bundle_name,
                "last_parsed_time": as_text(file.parsed_at),
            }


def show_details(deployment: Deployment, arguments: Namespace) -> None:
    """Print all that is known of one DAG."""
    import msgspec

    from slipstream.api.dag_details import details_of

    dag = find_dag(deployment.store, arguments.dag_id)
    details = msgspec.json.encode(details_of(deployment.store, dag))
    why = {
        "pause_reason": dag.pause_reason or None,
        "schedule_problem": dag.schedule_problem or None,
    }
    fields = {**msgspec.json.decode(details), **why, "task_ids": list(dag.latest.spec.tasks)}
    show_fields(fields, arguments.output)


def dag_row(dag: DagRecord) -> Row:
    """A DAG as a row, with Airflow's names of the columns."""
    return {
        **_spec_row(dag.latest.spec),
        "fileloc": dag.fileloc,
        "is_paused": dag.is_paused,
        "pause_reason": dag.pause_reason or None,
        "bundle_name": dag.bundle_name,
        "is_stale": dag.is_stale,
        "has_import_errors": dag.has_import_errors,
        "last_parsed_time": as_text(dag.last_parsed_at),
        "next_dagrun_logical_date": as_text(dag.next_logical_date),
        "next_dagrun_run_after": as_text(dag.next_run_after),
        "schedule_problem": dag.schedule_problem or None,
        "version_number": dag.latest.number,
    }


def _spec_row(spec: DagSpec) -> dict[str, JsonValue]:
    """What the file says of the DAG."""
    owners: list[JsonValue] = [*sorted({task.owner for task in spec.tasks.values()})]
    return {
        "dag_id": spec.dag_id,
        "owners": owners,
        "bundle_version": None,
        "description": spec.description,
        "tags": list(spec.tags),
        "timetable_summary": summary(spec.schedule),
        "max_active_runs": spec.max_active_runs,
        "max_active_tasks": spec.max_active_tasks,
    }


def report(deployment: Deployment, arguments: Namespace) -> None:
    """Print, for each file, how long it took to load and what is in it."""
    by_file: defaultdict[str, list[DagRecord]] = defaultdict(list)
    for dag in all_dags(deployment.store):
        if not arguments.bundle_name or dag.bundle_name in arguments.bundle_name:
            by_file[dag.relative_fileloc or dag.fileloc].append(dag)
    show_rows(
        sorted((_file_row(file, dags) for file, dags in by_file.items()), key=_slowest_first),
        arguments.output,
        columns=("bundle_name", "file", "duration", "dag_num", "task_num", "dags"),
    )


def _file_row(file: str, dags: Sequence[DagRecord]) -> dict[str, JsonValue]:
    return {
        "bundle_name": dags[0].bundle_name,
        "file": file,
        "duration": round(max(dag.last_parse_seconds for dag in dags), 3),
        "dag_num": len(dags),
        "task_num": sum(len(dag.latest.spec.tasks) for dag in dags),
        "dags": [dag.dag_id for dag in dags],
    }


def _slowest_first(row: Row) -> float:
    duration = row["duration"]
    assert isinstance(duration, float | int)
    return -duration


def list_import_errors(deployment: Deployment, arguments: Namespace) -> int:
    """Print the broken files with their tracebacks; the exit code is 1 where there are any."""
    rows = [
        row
        for row in (_local_errors(deployment) if arguments.local else _stored_errors(deployment))
        if not arguments.bundle_name or row["bundle_name"] in arguments.bundle_name
    ]
    show_rows(rows, arguments.output, columns=("bundle_name", "filepath", "error"))
    return 1 if rows else 0


def _stored_errors(deployment: Deployment) -> Iterator[Row]:
    for error in every(deployment.store.list_file_errors):
        yield {
            "bundle_name": error.bundle_name,
            "filepath": error.fileloc,
            "error": error.stack_trace,
        }


def _local_errors(deployment: Deployment) -> Iterator[Row]:
    from slipstream.cli.dags.parsing import parse_everything

    for file in parse_everything(deployment):
        if file.error is not None:
            yield {"bundle_name": file.bundle_name, "filepath": file.fileloc, "error": file.error}


def list_runs(deployment: Deployment, arguments: Namespace) -> None:
    """Print the runs of a DAG, the newest first."""
    store = deployment.store
    find_dag(store, arguments.dag_id)
    start, end = stretch(arguments.start_date, arguments.end_date, deployment.config)
    which = RunFilter(
        dag_ids=[arguments.dag_id],
        states=[RunState(arguments.state)] if arguments.state else None,
        run_types=(
            [kind for kind in RunType if kind is not RunType.BACKFILL]
            if arguments.no_backfill
            else None
        ),
        logical_date=Range(gte=start, lte=end),
    )
    show_rows(
        (run_row(run) for run in all_runs(store, which, newest_first=True)),
        arguments.output,
        columns=RUN_COLUMNS,
    )


def run_row(run: DagRun) -> Row:
    """A run as a row, with Airflow's names of the columns."""
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "dag_run_id": run.run_id,
        "run_type": run.run_type.value,
        "state": run.state.value,
        "run_after": as_text(run.run_after),
        "logical_date": as_text(run.logical_date),
        "data_interval_start": as_text(run.data_interval_start),
        "data_interval_end": as_text(run.data_interval_end),
        "start_date": as_text(run.start_date),
        "end_date": as_text(run.end_date),
        "conf": dict(run.conf),
        "last_scheduling_decision": None,
        "triggering_user_name": run.triggering_user,
    }
