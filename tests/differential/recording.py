"""Runs in our store, as a scheduler would have left them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.store.making import parsed

from slipstream.model.changes import InstanceChanged, InstancesAdded, RowChange, RunChanged
from slipstream.model.dag import DagSpec
from slipstream.model.run import TaskInstance
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.sdk._spec import build_spec
from slipstream.store import generate_key, open_store
from slipstream.store.interface import Store
from slipstream.store.records import NewRun, RunWrite

RAN = datetime(2026, 2, 1, tzinfo=UTC)
BY_ATTEMPT = {TaskState.QUEUED, TaskState.RUNNING, TaskState.DEFERRED}


@contextmanager
def recorded(case: dict[str, Any], folder: Path) -> Iterator[Store]:
    """A store that has what the case tells of."""
    store = open_store(
        f"sqlite:///{folder}/{case['dag_id']}.db",
        fernet_keys=[generate_key()],
        xcom_url=str(folder / "xcom"),
        clock=lambda: RAN,
    )
    try:
        store.migrate()
        _record(store, case)
        yield store
    finally:
        store.close()


def _record(store: Store, case: dict[str, Any]) -> None:
    """The DAGs of a file, and runs of the one that the case names, with their instances."""
    names: dict[str, Any] = {}
    text = case["source"].replace("{sdk}", "slipstream.sdk").replace("{dag_id}", case["dag_id"])
    exec(compile(text, case["dag_id"], "exec"), names)
    specs = [build_spec(dag) for dag in names.get("dags") or [names["dag"]]]
    path = f"{case['dag_id']}.py"
    file = parsed(*specs, fileloc=f"/dags/{path}", sources={path: text})
    version = store.record_parsed([file])[case["dag_id"]]
    for run_id, date in case["runs"].items():
        moment = datetime.fromisoformat(date)
        run = store.create_run(
            NewRun(
                dag_id=case["dag_id"],
                run_id=run_id,
                version_id=version.version_id,
                run_type=RunType.MANUAL,
                run_after=moment,
                logical_date=moment,
                data_interval_start=moment,
                data_interval_end=moment,
                triggered_by="test",
            )
        )
        running = replace(run, state=RunState.RUNNING, start_date=RAN, reason="Started.")
        spec = version.spec
        blank = [_blank(run.pk, key, spec) for key in case["states"][run_id]]
        states = case["states"][run_id].values()
        made = [_instance(one, state) for one, state in zip(blank, states, strict=True)]
        added: list[RowChange] = [RunChanged(running), InstancesAdded(tuple(blank))]
        store.apply([RunWrite(run.pk, run.revision, added)])
        run = store.get_run(case["dag_id"], run_id)
        ended = replace(run, state=RunState.SUCCESS, end_date=RAN)
        changes: list[RowChange] = [*(InstanceChanged(one) for one in made), RunChanged(ended)]
        store.apply([RunWrite(run.pk, run.revision, changes)])


def _blank(run_pk: int, key: str, spec: DagSpec) -> TaskInstance:
    task_id, index = key.split("|")
    retries = spec.tasks[task_id].retries
    return TaskInstance(run_pk=run_pk, task_id=task_id, map_index=int(index), max_tries=retries)


def _instance(blank: TaskInstance, state: str | None) -> TaskInstance:
    if state is None:
        return blank
    found = TaskState(state)
    return replace(
        blank,
        state=found,
        try_number=1,
        attempt_id=f"{blank.run_pk}-{blank.task_id}-{blank.map_index}"
        if found in BY_ATTEMPT
        else None,
        queued_at=RAN,
        start_date=RAN,
        end_date=None if found in BY_ATTEMPT else RAN,
        reason="It was given.",
    )
