"""Removing a DAG, and letting its runs start over."""

from __future__ import annotations

from argparse import Namespace

from slipstream.cli.asking import confirm
from slipstream.cli.clearing import clear_instances
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.finding import all_runs, find_dag, find_run
from slipstream.cli.moments import moment
from slipstream.core.timetable import partition_moment
from slipstream.model.schedule import by_the_clock
from slipstream.model.states import TaskState
from slipstream.store.interface import DagRecord, InstanceFilter, Range, RunFilter


def delete(deployment: Deployment, arguments: Namespace) -> None:
    """Remove a DAG, its runs and their history; its file stays."""
    store = deployment.store
    dag = find_dag(store, arguments.dag_id)
    confirm(
        f"All runs and the whole history of {dag.dag_id} will be lost. Go on?", yes=arguments.yes
    )
    store.delete_dag(dag.dag_id)
    print(f"Removed {dag.dag_id}. While its file is there, it comes back without a history.")


def clear(deployment: Deployment, arguments: Namespace) -> None:
    """Let a run, or all runs, of a DAG start over."""
    dag = find_dag(deployment.store, arguments.dag_id)
    if arguments.only_failed and arguments.only_running:
        raise UsageError("--only-failed and --only-running exclude each other.")
    run_ids = _chosen_runs(deployment, dag, arguments)
    which = InstanceFilter(
        dag_ids=[arguments.dag_id], run_ids=run_ids, states=chosen_states(arguments)
    )
    found = list(deployment.store.iterate_instances(which))
    clear_instances(
        deployment,
        found,
        which.states,
        yes=arguments.yes,
        dry_run=arguments.dry_run,
    )


def _chosen_runs(deployment: Deployment, dag: DagRecord, arguments: Namespace) -> list[str] | None:
    """The runs that are named, by their id or their partition; None for all."""
    start, end = arguments.partition_date_start, arguments.partition_date_end
    by_key = arguments.partition_key is not None
    by_date = start is not None or end is not None
    if sum((bool(arguments.run_id), by_key, by_date)) > 1:
        raise UsageError(
            "--run-id, --partition-key, and --partition-date-start / --partition-date-end exclude "
            "each other."
        )
    if arguments.run_id:
        return [find_run(deployment, arguments.dag_id, arguments.run_id).run_id]
    if not by_key and not by_date:
        return None
    schedule = by_the_clock(dag.latest.spec.schedule)
    earliest, latest = (
        text and partition_moment(schedule, moment(text, deployment.config))
        for text in (start, end)
    )
    if earliest and latest and earliest > latest:
        raise UsageError("--partition-date-start must be on or before --partition-date-end.")
    which = RunFilter(dag_ids=[dag.dag_id], partition_date=Range(gte=earliest, lte=latest))
    return [
        run.run_id
        for run in all_runs(deployment.store, which)
        if not by_key or run.partition_key == arguments.partition_key
    ]


def chosen_states(arguments: Namespace) -> list[TaskState] | None:
    """The states that `--only-failed` and `--only-running` leave; None for all."""
    if arguments.only_failed:
        return [TaskState.FAILED, TaskState.UPSTREAM_FAILED]
    if arguments.only_running:
        return [TaskState.RUNNING, TaskState.QUEUED, TaskState.RESTARTING]
    return None
