"""Runs single task instances in this process, with XComs and settings in dictionaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from slipstream.model.asset import AssetEvent
from slipstream.model.attempt import Attempt
from slipstream.model.run import DagRun, FoundInstance
from slipstream.model.states import RunState, RunType
from slipstream.sdk import DAG
from slipstream.sdk._backend_values import AssetKey, KnownAsset, StoredConnection, XComItem
from slipstream.sdk._context import Context, build_context, running
from slipstream.sdk._mapping import unmap
from slipstream.sdk._operator import BaseOperator
from slipstream.wire.value_items import split_items
from slipstream.wire.values import decode_value, encode_value

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass
class MemoryBackend:
    """A backend that keeps everything in dictionaries and counts what it was asked."""

    variables: dict[str, str] = field(default_factory=dict)
    connections: dict[str, StoredConnection] = field(default_factory=dict)
    xcoms: dict[tuple[str, str, str, str], dict[int, str]] = field(default_factory=dict)
    states: dict[str, str | None] = field(default_factory=dict)
    previous: Mapping[str, Any] | None = None
    masked: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    state: dict[tuple[str | None, str], str] = field(default_factory=dict)
    expiries: dict[str, datetime | None] = field(default_factory=dict)

    assets: list[KnownAsset] = field(default_factory=list)
    events: list[AssetEvent] = field(default_factory=list)
    triggering: list[AssetEvent] = field(default_factory=list)
    instances: list[FoundInstance] = field(default_factory=list)

    def get_asset(self, key: AssetKey) -> KnownAsset | None:
        for found in self.assets:
            if key.name in {None, found.name} and key.uri in {None, found.uri}:
                return found
        return None

    def get_asset_events(
        self,
        *,
        asset: AssetKey | None,
        alias: str | None,
        after: datetime | None,
        before: datetime | None,
        ascending: bool,
        limit: int | None,
    ) -> Sequence[AssetEvent]:
        self.asked.append("get_asset_events")
        found = [
            one
            for one in self.events
            if (alias is None or alias in one.aliases)
            and (asset is None or (asset.name or one.name) == one.name)
            and (after is None or one.timestamp >= after)
            and (before is None or one.timestamp <= before)
        ]
        return (found if ascending else found[::-1])[:limit]

    def get_triggering_events(self, *, dag_id: str, run_id: str) -> Sequence[AssetEvent]:
        self.asked.append("get_triggering_events")
        return self.triggering

    def find_instances(self, **which: Any) -> Sequence[FoundInstance]:
        self.asked.append(f"find_instances {which}")
        return self.instances

    def get_run(self, *, dag_id: str, run_id: str) -> Mapping[str, Any] | None:
        return self.previous

    def get_variable(self, key: str) -> str | None:
        return self.variables.get(key)

    def set_variable(self, key: str, value: str, description: str | None) -> None:
        self.variables[key] = value

    def delete_variable(self, key: str) -> bool:
        return self.variables.pop(key, None) is not None

    def get_connection(self, conn_id: str) -> StoredConnection | None:
        return self.connections.get(conn_id)

    def _values(self, dag_id: str, run_id: str, task_id: str, key: str) -> dict[int, str]:
        return self.xcoms.setdefault((dag_id, run_id, task_id, key), {})

    def get_xcom(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        map_index: int | None,
        key: str,
        include_prior_dates: bool = False,
    ) -> str | None:
        self.asked.append("get_xcom")
        values = self._values(dag_id, run_id, task_id, key)
        return next(iter(values.values()), None) if map_index is None else values.get(map_index)

    def get_xcom_item(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str, index: int
    ) -> XComItem | None:
        self.asked.append("get_xcom_item")
        text = self._values(dag_id, run_id, task_id, key).get(map_index)
        items = None if text is None else split_items(text)
        if text is None or items is None:
            return None if text is None else XComItem(text, None)
        if not len(items):
            return None
        return XComItem(items.text(index % len(items)), len(items), items.are_pairs)

    def get_xcoms(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        key: str,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        include_prior_dates: bool = False,
    ) -> Sequence[str]:
        self.asked.append("get_xcoms")
        values = self._values(dag_id, run_id, task_id, key)
        return [values[index] for index in sorted(values)][start:stop:step]

    def count_xcoms(self, *, dag_id: str, run_id: str, task_id: str, key: str) -> int:
        self.asked.append("count_xcoms")
        return len(self._values(dag_id, run_id, task_id, key))

    def set_xcom(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        map_index: int,
        key: str,
        value: str,
        length: int | None,
    ) -> None:
        self._values(dag_id, run_id, task_id, key)[map_index] = value

    def delete_xcom(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str
    ) -> None:
        self._values(dag_id, run_id, task_id, key).pop(map_index, None)

    def take_xcoms(self, *, with_values: bool) -> Mapping[str, str]:
        """Of the task `t` of run `run`, which is the one that these tests run again."""
        taken = {}
        for (_, run_id, task_id, key), values in self.xcoms.items():
            if (run_id, task_id) == ("run", "t") and -1 in values:
                text = values.pop(-1)
                taken[key] = text if with_values else ""
        return taken

    def get_state(self, key: str, *, asset: AssetKey | None) -> str | None:
        return self.state.get((asset and asset.name, key))

    def set_state(
        self, key: str, value: str, *, asset: AssetKey | None, expires_at: datetime | None
    ) -> None:
        self.state[asset and asset.name, key] = value
        self.expiries[key] = expires_at

    def delete_state(self, key: str | None, *, asset: AssetKey | None) -> None:
        for scope, name in list(self.state):
            if scope == (asset and asset.name) and key in {None, name}:
                del self.state[scope, name]

    def get_previous_run(
        self, *, dag_id: str, logical_date: datetime | None, run_id: str, state: str | None
    ) -> Mapping[str, Any] | None:
        self.asked.append("get_previous_run")
        return self.previous

    def get_task_states(
        self,
        *,
        dag_id: str,
        task_ids: Sequence[str] | None,
        group_id: str | None,
        run_ids: Sequence[str],
        logical_dates: Sequence[datetime],
        map_index: int = -1,
    ) -> Mapping[str, Mapping[str, str | None]]:
        return {run_ids[0]: dict(self.states)} if run_ids else {}

    def get_run_state(self, *, dag_id: str, run_id: str) -> str | None:
        return "running"

    def count_runs(
        self,
        *,
        dag_id: str,
        run_ids: Sequence[str],
        logical_dates: Sequence[datetime],
        states: Sequence[str],
    ) -> int:
        return 1

    def trigger_run(
        self,
        *,
        dag_id: str,
        run_id: str | None,
        logical_date: datetime | None,
        conf: Mapping[str, Any],
        note: str | None,
        reset_existing: bool,
    ) -> str:
        return run_id or "made"

    def mask_secret(self, value: str) -> None:
        self.masked.append(value)


def make_run(dag: DAG, **changes: Any) -> DagRun:
    fields: dict[str, Any] = {
        "pk": 1,
        "dag_id": dag.dag_id,
        "run_id": "run",
        "run_type": RunType.MANUAL,
        "state": RunState.RUNNING,
        "version_id": "v",
        "run_after": NOON,
        "logical_date": NOON,
        "data_interval_start": NOON,
        "data_interval_end": NOON,
    }
    return DagRun(**{**fields, **changes})


def make_attempt(dag: DAG, task_id: str, map_index: int = -1, **changes: Any) -> Attempt:
    run = changes.pop("run", None) or make_run(dag, **changes.pop("run_fields", {}))
    return Attempt(
        attempt_id="a", run=run, task_id=task_id, map_index=map_index, fileloc="f.py", **changes
    )


class Running:
    """One DAG whose task instances can be run one by one."""

    def __init__(self, dag: DAG, backend: MemoryBackend | None = None, **run_fields: Any) -> None:
        self.dag = dag
        self.backend = backend or MemoryBackend()
        self.run = make_run(dag, **run_fields)

    def context(self, task_id: str, map_index: int = -1, **changes: Any) -> Context:
        attempt = make_attempt(self.dag, task_id, map_index, run=self.run, **changes)
        return build_context(self.dag, self.dag.get_task(task_id), attempt, self.backend)

    def render(self, task_id: str, map_index: int = -1, **changes: Any) -> BaseOperator:
        """The operator as it is right before its execute."""
        return self.prepare(self.context(task_id, map_index, **changes))

    def prepare(self, context: Context) -> BaseOperator:
        with running(context):
            operator = unmap(context["task"], context).prepare_for_execution()
            operator.render_template_fields(context)
        return operator

    def execute(self, task_id: str, map_index: int = -1, **changes: Any) -> Any:
        """Run a task instance; pushes and gives what it returns."""
        return self.execute_in(self.context(task_id, map_index, **changes))

    def execute_in(self, context: Context) -> Any:
        ti = context["ti"]
        operator = self.prepare(context)
        with running(context):
            operator.pre_execute(context)
            result = operator.execute(context)
            operator.post_execute(context, result)
            if result is not None and operator.do_xcom_push:
                if operator.multiple_outputs:
                    for key, value in result.items():
                        ti.xcom_push(key, value)
                ti.xcom_push("return_value", result)
        return result

    def value(self, task_id: str, map_index: int = -1, key: str = "return_value") -> Any:
        """What a task instance pushed."""
        text = self.backend.get_xcom(
            dag_id=self.dag.dag_id, run_id="run", task_id=task_id, map_index=map_index, key=key
        )
        return None if text is None else decode_value(text)

    def push(
        self, task_id: str, value: Any, map_index: int = -1, key: str = "return_value"
    ) -> None:
        """As if the task instance had pushed it."""
        self.backend.set_xcom(
            dag_id=self.dag.dag_id,
            run_id="run",
            task_id=task_id,
            map_index=map_index,
            key=key,
            value=encode_value(value),
            length=None,
        )
