"""`slipstream partitions`."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.finding import find_dag
from slipstream.cli.grammar import Group
from slipstream.cli.moments import moment
from slipstream.model.errors import InvalidInputError
from slipstream.model.run import DagRun
from slipstream.store.partitions import ClearedPartitions, PartitionSelection, clear_partitions


def add_commands(group: Group) -> None:
    """The verbs of `partitions`."""
    clear = group.verb("clear", clear_runs, "Make runs be about no partition any more")
    clear.add_argument("-d", "--dag-id", required=True, help="the DAG")
    clear.add_argument("-r", "--run-id", help="only this run")
    clear.add_argument("-s", "--start-date", metavar="MOMENT", help="partition dates from here on")
    clear.add_argument("-e", "--end-date", metavar="MOMENT", help="partition dates up to here")
    clear.add_argument("-k", "--partition-key", help="only the runs about this partition")
    clear.add_argument("--date", metavar="FROM~TO", help="both dates in one")
    clear.add_argument(
        "--clear-task-instances", action="store_true", help="the runs' tasks run again, too"
    )
    clear.add_argument("--dry-run", action="store_true", help="only say which runs")


def clear_runs(deployment: Deployment, arguments: Namespace) -> None:
    """Clear the partition of the chosen runs, and say what was cleared."""
    selection = _selection(deployment, arguments)
    dag = find_dag(deployment.store, arguments.dag_id)
    try:
        cleared = clear_partitions(
            deployment.store,
            dag.dag_id,
            selection,
            with_instances=arguments.clear_task_instances,
            dry_run=arguments.dry_run,
        )
    except InvalidInputError as error:
        raise UsageError(str(error)) from error
    _tell(cleared, arguments)


def _selection(deployment: Deployment, arguments: Namespace) -> PartitionSelection:
    start, end = arguments.start_date, arguments.end_date
    if arguments.date is not None:
        if start is not None or end is not None:
            raise UsageError("--date cannot be combined with --start-date and --end-date.")
        start, _, end = arguments.date.partition("~")
        if not start.strip() or not end.strip():
            raise UsageError(
                f"--date is {arguments.date!r}; expected FROM~TO as in 2026-01-01~2026-01-31."
            )
    ways = (arguments.run_id, arguments.partition_key, start or end)
    if sum(way is not None for way in ways) != 1:
        raise UsageError(
            "Choose the runs in one way: by --run-id, by --partition-key, or by a range of "
            "partition dates (--start-date and --end-date, or --date)."
        )
    return PartitionSelection(
        run_id=arguments.run_id,
        partition_key=arguments.partition_key,
        earliest=_moment(deployment, start),
        latest=_moment(deployment, end),
    )


def _moment(deployment: Deployment, text: str | None) -> datetime | None:
    return None if text is None else moment(text, deployment.config)


def _tell(cleared: ClearedPartitions, arguments: Namespace) -> None:
    if not cleared.runs:
        print(f"No run of {arguments.dag_id} matches.")
        return
    partitioned = cleared.partitioned
    for run in cleared.runs:
        if run in partitioned:
            print(f"{run.run_id}: partition_key={run.partition_key!r}, {_date(run)}")
        elif not arguments.clear_task_instances:
            print(f"{run.run_id}: is about no partition.")
    verb = "Would clear" if arguments.dry_run else "Cleared"
    if arguments.clear_task_instances:
        number = cleared.task_instances
        print(f"{verb} {number} task instances of {len(cleared.runs)} runs.")
    print(f"{verb} the partitions of {len(partitioned)} runs.")


def _date(run: DagRun) -> str:
    at = run.partition_date
    return f"partition_date={None if at is None else at.isoformat()}"
