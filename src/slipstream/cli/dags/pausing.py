"""Pausing and unpausing DAGs."""

from __future__ import annotations

from argparse import Namespace

from slipstream.cli.asking import confirm
from slipstream.cli.deployment import Deployment
from slipstream.cli.finding import dags_by_pattern, find_dag
from slipstream.cli.output import show_rows
from slipstream.model.errors import NotFoundError
from slipstream.store.interface import DagRecord


def pause(deployment: Deployment, arguments: Namespace) -> None:
    """No new runs start, and no new tasks of the runs that there are."""
    _set_paused(deployment, arguments, paused=True)


def unpause(deployment: Deployment, arguments: Namespace) -> None:
    """Runs start again."""
    _set_paused(deployment, arguments, paused=False)


def _set_paused(deployment: Deployment, arguments: Namespace, *, paused: bool) -> None:
    dags = _chosen(deployment, arguments)
    verb = "pause" if paused else "unpause"
    if len(dags) > 1:
        names = ", ".join(dag.dag_id for dag in dags)
        confirm(f"This will {verb} {len(dags)} DAGs: {names}. Go on?", yes=arguments.yes)
    deployment.store.set_paused([dag.dag_id for dag in dags], paused)
    show_rows(
        ({"dag_id": dag.dag_id, "is_paused": paused} for dag in dags),
        arguments.output,
        columns=("dag_id", "is_paused"),
    )


def _chosen(deployment: Deployment, arguments: Namespace) -> list[DagRecord]:
    if not arguments.treat_dag_id_as_regex:
        return [find_dag(deployment.store, arguments.dag_id)]
    dags = dags_by_pattern(deployment.store, arguments.dag_id)
    if not dags:
        raise NotFoundError(f"No DAG's id matches {arguments.dag_id!r}.")
    return dags
