"""`slipstream tasks clear`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from slipstream.cli.clearing import clear_instances
from slipstream.cli.dags.editing import chosen_states
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.finding import dags_by_pattern, find_dag, matching
from slipstream.cli.moments import stretch
from slipstream.core.relatives import to_clear
from slipstream.model.dag import DagSpec
from slipstream.store.interface import InstanceFilter, InstanceInRun, Range


def clear(deployment: Deployment, arguments: Namespace) -> None:
    """Clear the chosen instances of the chosen tasks in the chosen runs."""
    if arguments.only_failed and arguments.only_running:
        raise UsageError("--only-failed and --only-running exclude each other.")
    found = list(_chosen(deployment, arguments))
    clear_instances(
        deployment,
        found,
        chosen_states(arguments),
        yes=arguments.yes,
        dry_run=arguments.dry_run,
    )


def _chosen(deployment: Deployment, arguments: Namespace) -> Iterator[InstanceInRun]:
    store = deployment.store
    dags = (
        dags_by_pattern(store, arguments.dag_id, arguments.bundle_name)
        if arguments.dag_regex
        else [find_dag(store, arguments.dag_id, arguments.bundle_name)]
    )
    start, end = stretch(arguments.start_date, arguments.end_date, deployment.config)
    for dag in dags:
        which = InstanceFilter(
            dag_ids=[dag.dag_id],
            task_ids=chosen_tasks(dag.latest.spec, arguments),
            states=chosen_states(arguments),
            logical_date=Range(gte=start, lte=end),
        )
        yield from store.iterate_instances(which)


def chosen_tasks(spec: DagSpec, arguments: Namespace) -> list[str] | None:
    """The tasks that match, with what runs again with them; None for all."""
    if arguments.task_regex is None:
        return None
    named = set(matching(arguments.task_regex, iter(spec.tasks)))
    if not named and not arguments.dag_regex:
        raise UsageError(
            f"No task of {spec.dag_id} matches {arguments.task_regex!r}; `slipstream tasks list "
            f"{spec.dag_id}` shows them."
        )
    reached = to_clear(spec, named, upstream=arguments.upstream, downstream=arguments.downstream)
    return [task_id for task_id in spec.tasks if task_id in reached]
