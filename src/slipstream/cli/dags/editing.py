"""Removing a DAG, and letting its runs start over."""

from __future__ import annotations

from argparse import Namespace

from slipstream.cli.asking import confirm
from slipstream.cli.clearing import clear_instances
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.finding import find_dag, find_run
from slipstream.model.states import TaskState
from slipstream.store.interface import InstanceFilter


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
    find_dag(deployment.store, arguments.dag_id)
    if arguments.only_failed and arguments.only_running:
        raise UsageError("--only-failed and --only-running exclude each other.")
    run_ids = None
    if arguments.run_id:
        run_ids = [find_run(deployment, arguments.dag_id, arguments.run_id).run_id]
    which = InstanceFilter(
        dag_ids=[arguments.dag_id], run_ids=run_ids, states=chosen_states(arguments)
    )
    found = list(deployment.store.iterate_instances(which))
    clear_instances(deployment, found, which.states, yes=arguments.yes)


def chosen_states(arguments: Namespace) -> list[TaskState] | None:
    """The states that `--only-failed` and `--only-running` leave; None for all."""
    if arguments.only_failed:
        return [TaskState.FAILED, TaskState.UPSTREAM_FAILED]
    if arguments.only_running:
        return [TaskState.RUNNING, TaskState.QUEUED, TaskState.RESTARTING]
    return None
