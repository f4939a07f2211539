"""Tasks and the states of their instances."""

from __future__ import annotations

from argparse import Namespace

from slipstream.cli.deployment import Deployment
from slipstream.cli.finding import find_dag, find_instance, find_run
from slipstream.cli.output import as_text, show_rows
from slipstream.model.states import TaskState
from slipstream.store.interface import InstanceFilter

STATE_COLUMNS = (
    "dag_id",
    "logical_date",
    "task_id",
    "map_index",
    "state",
    "try_number",
    "start_date",
    "end_date",
)


def list_tasks(deployment: Deployment, arguments: Namespace) -> None:
    """Print the task ids, upstreams first."""
    dag = find_dag(deployment.store, arguments.dag_id, arguments.bundle_name)
    for task_id in dag.latest.spec.tasks:
        print(task_id)


def show_state(deployment: Deployment, arguments: Namespace) -> None:
    """Print the state of one instance and nothing else, for scripts."""
    run = find_run(
        deployment, arguments.dag_id, arguments.logical_date_or_run_id, arguments.bundle_name
    )
    found = find_instance(deployment, run, arguments.task_id, arguments.map_index)
    print(_state(found.instance.state) or "None")


def show_states(deployment: Deployment, arguments: Namespace) -> None:
    """Print the instances of a run."""
    run = find_run(deployment, arguments.dag_id, arguments.logical_date_or_run_id)
    which = InstanceFilter(dag_ids=[run.dag_id], run_ids=[run.run_id])
    show_rows(
        (
            {
                "dag_id": run.dag_id,
                "logical_date": as_text(run.logical_date),
                "task_id": entry.instance.task_id,
                "map_index": entry.instance.map_index,
                "state": _state(entry.instance.state),
                "try_number": entry.instance.try_number,
                "start_date": as_text(entry.instance.start_date),
                "end_date": as_text(entry.instance.end_date),
            }
            for entry in deployment.store.iterate_instances(which)
        ),
        arguments.output,
        columns=STATE_COLUMNS,
    )


def show_reason(deployment: Deployment, arguments: Namespace) -> None:
    """Print why an instance is in its state."""
    run = find_run(
        deployment, arguments.dag_id, arguments.logical_date_or_run_id, arguments.bundle_name
    )
    instance = find_instance(deployment, run, arguments.task_id, arguments.map_index).instance
    reason = instance.reason or run.reason or "nothing has been decided about it yet"
    print(f"{instance.task_id} is {_state(instance.state) or 'not scheduled'}: {reason}")


def _state(state: TaskState) -> str | None:
    return None if state is TaskState.NONE else state.value
