"""Short ways to what the tests ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.store.making import parsed

from slipstream.model.changes import InstanceChanged, InstancesAdded, RunChanged
from slipstream.model.dag import DagSpec, GroupSpec, Literal, TaskSpec
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.schedule import Cron
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.model.version import DagVersion
from slipstream.store.interface import Store
from slipstream.store.records import NewRun, RunWrite

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)

ETL = DagSpec(
    dag_id="etl",
    tasks={
        "extract": TaskSpec(
            task_id="extract",
            operator_name="PythonOperator",
            downstream=("transform",),
            retries=2,
            owner="ada",
            details={"doc_md": "Reads.", "ui_color": "#fff", "template_fields": ["op_args"]},
        ),
        "transform": TaskSpec(
            task_id="transform",
            upstream=("extract",),
            downstream=("load.insert",),
            mapped=Literal(3),
            retries=2,
            pool="wide",
        ),
        "load.insert": TaskSpec(
            task_id="load.insert",
            upstream=("transform",),
            group_id="load",
            owner="bob",
            execution_timeout=timedelta(days=1, seconds=2, microseconds=3),
        ),
    },
    groups={"load": GroupSpec(group_id="load")},
    schedule=Cron(expression="0 6 * * *"),
    start_date=NOON,
    description="Moves data.",
    tags=("nightly", "data"),
    params={
        "rows": {"value": 10, "schema": {"type": "integer", "minimum": 1}, "description": "n"},
        "mode": {"value": "fast", "schema": {"enum": ["fast", "slow"]}},
    },
)


def recorded(
    store: Store,
    spec: DagSpec = ETL,
    text: str = "from airflow.sdk import DAG\n",
    bundle: str = "dags-folder",
) -> DagVersion:
    """The version of a DAG that the store was just told of."""
    path = f"{spec.dag_id}.py"
    file = parsed(spec, fileloc=f"/dags/{path}", sources={path: text})
    return store.record_parsed([replace(file, bundle_name=bundle)])[spec.dag_id]


def a_run(store: Store, version: DagVersion, run_id: str = "first", **fields: object) -> DagRun:
    """A queued run."""
    values: dict[str, object] = {
        "run_type": RunType.MANUAL,
        "run_after": NOON,
        "logical_date": None,
        "triggered_by": "cli",
        **fields,
    }
    return store.create_run(
        NewRun(
            dag_id=version.dag_id,
            run_id=run_id,
            version_id=version.version_id,
            **values,  # type: ignore[arg-type]  # fields of NewRun
        )
    )


def started(store: Store, run: DagRun, version: DagVersion, **states: TaskState) -> DagRun:
    """The run under way: each task in its state (a mapped one with its instances), else `NONE`."""
    instances = tuple(
        TaskInstance(
            run_pk=run.pk,
            task_id=key.task_id,
            map_index=key.map_index,
            max_tries=version.spec.tasks[key.task_id].retries,
        )
        for key in keys_of(version.spec)
    )
    running = replace(run, state=RunState.RUNNING, start_date=NOON, reason="Started.")
    store.apply([RunWrite(run.pk, run.revision, [RunChanged(running), InstancesAdded(instances)])])
    run = store.get_run(run.dag_id, run.run_id)
    changes = [
        InstanceChanged(at(instance, states[instance.task_id.replace(".", "_")]))
        for instance in instances
        if instance.task_id.replace(".", "_") in states
    ]
    store.apply([RunWrite(run.pk, run.revision, changes)])
    return store.get_run(run.dag_id, run.run_id)


def at(instance: TaskInstance, state: TaskState, try_number: int = 1) -> TaskInstance:
    """The instance in that state, in its first try."""
    name = f"{instance.run_pk}{instance.task_id}{instance.map_index}{try_number}"
    ended = state in (TaskState.SUCCESS, TaskState.FAILED, TaskState.UP_FOR_RETRY)
    return replace(
        instance,
        state=state,
        try_number=try_number,
        attempt_id=f"00000000-0000-7000-8000-{abs(hash(name)) % 10**12:012d}",
        queued_at=NOON,
        start_date=None if state is TaskState.QUEUED else NOON,
        end_date=NOON + timedelta(seconds=1.5) if ended else None,
        hostname="box",
        pid=42,
        reason=f"It is {state}.",
    )


def keys_of(spec: DagSpec) -> Iterator[TaskKey]:
    """The instances of the spec: mapped tasks by their literal length."""
    for task in spec.tasks.values():
        if isinstance(task.mapped, Literal):
            yield from (TaskKey(task.task_id, index) for index in range(task.mapped.length))
        else:
            yield TaskKey(task.task_id)


def end_run(store: Store, run: DagRun, state: RunState = RunState.SUCCESS) -> DagRun:
    """The run after it ended."""
    ended = replace(run, state=state, end_date=NOON + timedelta(seconds=90))
    store.apply([RunWrite(run.pk, run.revision, [RunChanged(ended)])])
    return store.get_run(run.dag_id, run.run_id)
