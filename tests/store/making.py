"""Short ways to the values that the tests put into stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from slipstream.model.changes import InstanceChanged, InstancesAdded, RunChanged
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import RunState, RunType
from slipstream.model.version import DagVersion, ParsedFile
from slipstream.store.interface import Store
from slipstream.store.records import NewRun, RunWrite

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def spec(
    dag_id: str = "sales", tasks: Sequence[str] = ("load", "train"), **fields: object
) -> DagSpec:
    """A DAG of independent tasks."""
    return DagSpec(
        dag_id=dag_id,
        tasks={task_id: TaskSpec(task_id=task_id, retries=2) for task_id in tasks},
        **fields,  # type: ignore[arg-type]  # fields of DagSpec
    )


def parsed(*specs: DagSpec, fileloc: str = "/dags/sales.py", **fields: object) -> ParsedFile:
    """What parsing a file with these DAGs gives."""
    values: dict[str, object] = {
        "relative_fileloc": fileloc.removeprefix("/dags/"),
        "sources": {fileloc.removeprefix("/dags/"): "from airflow.sdk import DAG\n"},
        "parsed_at": NOON,
        "duration_seconds": 0.25,
        **fields,
    }
    return ParsedFile(fileloc=fileloc, dags=specs, **values)  # type: ignore[arg-type]  # fields of ParsedFile


def recorded(store: Store, a_spec: DagSpec | None = None) -> DagVersion:
    """The version of a DAG that the store was just told of."""
    a_spec = a_spec or spec()
    file = parsed(a_spec, fileloc=f"/dags/{a_spec.dag_id}.py")
    return store.record_parsed([file])[a_spec.dag_id]


def new_run(version: DagVersion, run_id: str = "first", **fields: object) -> NewRun:
    """A run to be created."""
    values: dict[str, object] = {
        "run_type": RunType.MANUAL,
        "run_after": NOON,
        "triggered_by": "cli",
        **fields,
    }
    return NewRun(
        dag_id=version.dag_id,
        run_id=run_id,
        version_id=version.version_id,
        **values,  # type: ignore[arg-type]  # fields of NewRun
    )


def started(store: Store, version: DagVersion, run_id: str = "first", **fields: object) -> DagRun:
    """A running run with all its instances in state `NONE`."""
    run = store.create_run(new_run(version, run_id, **fields))
    instances = tuple(
        TaskInstance(run_pk=run.pk, task_id=task_id, max_tries=task.retries)
        for task_id, task in version.spec.tasks.items()
    )
    running = replace(run, state=RunState.RUNNING, start_date=NOON, reason="Started.")
    store.apply([RunWrite(run.pk, run.revision, [RunChanged(running), InstancesAdded(instances)])])
    return store.get_run(run.dag_id, run.run_id)


def changed(store: Store, run: DagRun, *instances: TaskInstance) -> DagRun:
    """The run after these instances took on these values."""
    changes = [InstanceChanged(instance) for instance in instances]
    assert store.apply([RunWrite(run.pk, run.revision, changes)]) == frozenset()
    return store.get_run(run.dag_id, run.run_id)


def later(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)
