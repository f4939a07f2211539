"""Finding the things that a command line names, and saying clearly where there are none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.moments import moment
from slipstream.cli.paging import every
from slipstream.model.errors import NotFoundError
from slipstream.model.run import DagRun
from slipstream.store.interface import (
    DagFilter,
    DagRecord,
    InstanceFilter,
    InstanceInRun,
    Range,
    RunFilter,
    Store,
    Window,
)


def find_dag(store: Store, dag_id: str, bundles: Sequence[str] | None = None) -> DagRecord:
    """The DAG, if it is of one of these bundles (None: of any). Raises `NotFoundError` with what to
    do."""
    try:
        dag = store.get_dag(dag_id)
    except NotFoundError as error:
        raise NotFoundError(
            f"There is no DAG {dag_id!r}; `slipstream dags list` shows all, and "
            f"`slipstream dags list-import-errors` the files that could not be loaded."
        ) from error
    require_bundle(dag_id, dag.bundle_name, bundles)
    return dag


def require_bundle(dag_id: str, bundle: str | None, bundles: Sequence[str] | None) -> None:
    """Raises `NotFoundError` unless the DAG's bundle is one of these; None stands for any."""
    if bundles and bundle not in bundles:
        raise NotFoundError(
            f"The DAG {dag_id!r} is not of the bundle {' or '.join(bundles)}: its bundle is "
            f"{bundle or 'none'}."
        )


def all_dags(store: Store, which: DagFilter | None = None) -> Iterator[DagRecord]:
    """Every DAG of a present file, by id."""
    chosen = which or DagFilter()
    return every(lambda window: store.list_dags(chosen, window))


def dags_by_pattern(
    store: Store, pattern: str, bundles: Sequence[str] | None = None
) -> list[DagRecord]:
    """The DAGs of these bundles (None: of any) whose id matches the regular expression from its
    beginning."""
    matches = _compiled(pattern).match
    return [
        dag
        for dag in all_dags(store)
        if matches(dag.dag_id) and (not bundles or dag.bundle_name in bundles)
    ]


def find_run(
    deployment: Deployment,
    dag_id: str,
    run_id_or_date: str,
    bundles: Sequence[str] | None = None,
) -> DagRun:
    """A run by its id or its logical date. Raises `NotFoundError`, as `find_dag` does."""
    store = deployment.store
    find_dag(store, dag_id, bundles)
    try:
        return store.get_run(dag_id, run_id_or_date)
    except NotFoundError:
        date = _as_moment(deployment, run_id_or_date)
    if date is not None:
        which = RunFilter(dag_ids=[dag_id], logical_date=Range(gte=date, lte=date))
        page = store.list_runs(which, Window(limit=1))
        if page.items:
            return page.items[0]
    raise NotFoundError(
        f"DAG {dag_id!r} has no run with the id or logical date {run_id_or_date!r}; "
        f"`slipstream dags list-runs {dag_id}` shows all."
    )


def all_runs(store: Store, which: RunFilter, *, newest_first: bool = False) -> Iterator[DagRun]:
    """Every run that matches."""
    order = ("-run_after",) if newest_first else ()
    return every(lambda window: store.list_runs(which, window), order_by=order)


def find_instance(
    deployment: Deployment, run: DagRun, task_id: str, map_index: int
) -> InstanceInRun:
    """A task instance of a run. Raises `NotFoundError`."""
    which = InstanceFilter(
        dag_ids=[run.dag_id], run_ids=[run.run_id], task_ids=[task_id], map_indexes=[map_index]
    )
    page = deployment.store.list_instances(which, Window(limit=1))
    if page.items:
        return page.items[0]
    at = f" at map index {map_index}" if map_index >= 0 else ""
    raise NotFoundError(
        f"Run {run.run_id!r} of DAG {run.dag_id!r} has no task {task_id!r}{at}; "
        f"`slipstream tasks states-for-dag-run {run.dag_id} '{run.run_id}'` shows all."
    )


def matching(pattern: str | None, names: Iterator[str]) -> list[str]:
    """The names in which the regular expression is found; all of them for None."""
    if pattern is None:
        return list(names)
    search = _compiled(pattern).search
    return [name for name in names if search(name)]


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UsageError(f"{pattern!r} is not a regular expression: {error}.") from error


def _as_moment(deployment: Deployment, text: str) -> datetime | None:
    try:
        return moment(text, deployment.config)
    except UsageError:
        return None
