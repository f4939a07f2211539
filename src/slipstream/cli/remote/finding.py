"""Finding on a server the things that a command line names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from slipstream.cli.errors import UsageError
from slipstream.cli.finding import require_bundle
from slipstream.cli.moments import moment
from slipstream.cli.remote.server import Server, place
from slipstream.model.dag import DagSpec, GroupSpec, Literal, TaskSpec
from slipstream.model.errors import NotFoundError
from slipstream.model.json import JsonValue
from slipstream.model.states import TriggerRule


class Tag(msgspec.Struct, kw_only=True):
    """A tag of a DAG."""

    name: str


class Version(msgspec.Struct, kw_only=True):
    """A version of a DAG."""

    version_number: int
    created_at: datetime


class Dag(msgspec.Struct, kw_only=True):
    """A DAG as listings have it."""

    dag_id: str
    is_paused: bool
    fileloc: str
    file_token: str
    is_stale: bool = False
    has_import_errors: bool = False
    relative_fileloc: str | None = None
    bundle_name: str | None = None
    bundle_version: str | None = None
    description: str | None = None
    timetable_summary: str | None = None
    tags: list[Tag] = []
    owners: list[str] = []
    max_active_tasks: int | None = None
    max_active_runs: int | None = None
    max_consecutive_failed_dag_runs: int | None = None
    last_parsed_time: datetime | None = None
    last_parse_duration: float | None = None
    next_dagrun_logical_date: datetime | None = None
    next_dagrun_data_interval_start: datetime | None = None
    next_dagrun_data_interval_end: datetime | None = None
    next_dagrun_run_after: datetime | None = None


class Run(msgspec.Struct, kw_only=True):
    """A run."""

    dag_run_id: str
    dag_id: str
    run_type: str
    state: str
    run_after: datetime | None = None
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    conf: Mapping[str, JsonValue] | None = None
    partition_key: str | None = None
    partition_date: datetime | None = None


class Instance(msgspec.Struct, kw_only=True):
    """A task instance."""

    dag_id: str
    dag_run_id: str
    task_id: str
    map_index: int = -1
    state: str | None = None
    try_number: int = 0
    logical_date: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    rendered_fields: Mapping[str, JsonValue] = {}

    @property
    def described(self) -> str:
        """As people write it down."""
        index = f" [{self.map_index}]" if self.map_index >= 0 else ""
        return f"{self.dag_id} {self.dag_run_id} {self.task_id}{index}"


class _Node(msgspec.Struct, kw_only=True):
    id: str
    label: str = ""
    parent_id: str | None = None
    is_group: bool = False
    is_mapped: bool = False
    operator: str | None = None
    trigger_rule: str | None = None
    is_setup: bool = False
    is_teardown: bool = False
    tooltip: str | None = None


class _Edge(msgspec.Struct, kw_only=True):
    source: str
    target: str


class _Structure(msgspec.Struct, kw_only=True):
    nodes: list[_Node]
    edges: list[_Edge]


def find_dag(server: Server, dag_id: str, bundles: Sequence[str] | None = None) -> Dag:
    """The DAG, if it is of one of these bundles (None: of any). Raises `NotFoundError` with what to
    do."""
    try:
        dag = server.get(place("dags", dag_id), Dag)
    except NotFoundError as error:
        raise NotFoundError(
            f"There is no DAG {dag_id!r} on {server.url}, or none that you may see; "
            f"`slipstream dags list` shows all, and `slipstream dags list-import-errors` the files "
            f"that could not be loaded."
        ) from error
    require_bundle(dag_id, dag.bundle_name, bundles)
    return dag


def all_dags(server: Server) -> Iterator[Dag]:
    """Every DAG of a present file that the user may see, by id."""
    return server.every(place("dags"), "dags", Dag, order_by="dag_id")


def dags_by_pattern(
    server: Server, pattern: str, bundles: Sequence[str] | None = None
) -> list[Dag]:
    """The DAGs of these bundles (None: of any) whose id matches the regular expression from its
    beginning."""
    try:
        matches = re.compile(pattern).match
    except re.error as error:
        raise UsageError(f"{pattern!r} is not a regular expression: {error}.") from error
    return [
        dag
        for dag in all_dags(server)
        if matches(dag.dag_id) and (not bundles or dag.bundle_name in bundles)
    ]


def find_run(
    server: Server, dag_id: str, run_id_or_date: str, bundles: Sequence[str] | None = None
) -> Run:
    """A run by its id or its logical date. Raises `NotFoundError`, as `find_dag` does."""
    find_dag(server, dag_id, bundles)
    try:
        return server.get(place("dags", dag_id, "dagRuns", run_id_or_date), Run)
    except NotFoundError:
        pass
    try:
        date = moment(run_id_or_date, server.config)
    except UsageError:
        date = None
    if date is not None:
        bounds = {"logical_date_gte": date, "logical_date_lte": date}
        for run in server.every(place("dags", dag_id, "dagRuns"), "dag_runs", Run, **bounds):
            return run
    raise NotFoundError(
        f"DAG {dag_id!r} has no run with the id or logical date {run_id_or_date!r}; "
        f"`slipstream dags list-runs {dag_id}` shows all."
    )


def instance_place(run: Run, task_id: str, map_index: int) -> str:
    """The path of a task instance."""
    parts: tuple[str | int, ...] = (task_id,) if map_index < 0 else (task_id, map_index)
    return place("dags", run.dag_id, "dagRuns", run.dag_run_id, "taskInstances", *parts)


def find_instance(server: Server, run: Run, task_id: str, map_index: int) -> Instance:
    """A task instance of a run. Raises `NotFoundError`."""
    return server.get(instance_place(run, task_id, map_index), Instance)


def graph_of(server: Server, dag_id: str) -> DagSpec:
    """What the DAG's latest version consists of: tasks, groups and edges, and nothing else."""
    found = server.get(f"/ui{place('dags', dag_id, 'structure', base='')}", _Structure)
    upstream: dict[str, list[str]] = {}
    downstream: dict[str, list[str]] = {}
    for edge in found.edges:
        upstream.setdefault(edge.target, []).append(edge.source)
        downstream.setdefault(edge.source, []).append(edge.target)
    tasks = {
        node.id: TaskSpec(
            task_id=node.id,
            operator_name=node.operator or "BaseOperator",
            upstream=tuple(upstream.get(node.id, ())),
            downstream=tuple(downstream.get(node.id, ())),
            group_id=node.parent_id,
            mapped=Literal(0) if node.is_mapped else None,
            trigger_rule=TriggerRule(node.trigger_rule or TriggerRule.ALL_SUCCESS),
            is_setup=node.is_setup,
            is_teardown=node.is_teardown,
        )
        for node in found.nodes
        if not node.is_group
    }
    groups = {
        node.id: GroupSpec(
            group_id=node.id,
            parent_id=node.parent_id,
            label=node.label,
            tooltip=node.tooltip or "",
            mapped=Literal(0) if node.is_mapped else None,
        )
        for node in found.nodes
        if node.is_group
    }
    return DagSpec(dag_id=dag_id, tasks=_in_order(tasks), groups=groups)


def _in_order(tasks: Mapping[str, TaskSpec]) -> dict[str, TaskSpec]:
    """Upstreams first; otherwise as they came."""
    waits = {task_id: len(task.upstream) for task_id, task in tasks.items()}
    ready = [task_id for task_id, count in waits.items() if not count]
    ordered: dict[str, TaskSpec] = {}
    while ready:
        task_id = ready.pop(0)
        ordered[task_id] = tasks[task_id]
        for below in tasks[task_id].downstream:
            waits[below] -= 1
            if not waits[below]:
                ready.append(below)
    return ordered
