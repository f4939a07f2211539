"""What code finds around it in a test: variables, connections, XComs, and a task's context."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from slipstream.model.attempt import Attempt, XComWrite
from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RunState, RunType, TriggeredBy
from slipstream.sdk._abstract_operator import AbstractOperator
from slipstream.sdk._backend import current_backend
from slipstream.sdk._backend_values import StoredConnection
from slipstream.sdk._context import Context, build_context
from slipstream.sdk._dag import DAG
from slipstream.sdk._types import UserValue
from slipstream.sdk._xcom_arg import XCOM_RETURN_KEY
from slipstream.testing.given import stored_connection, variable_text
from slipstream.testing.memory_backend import MemoryBackend
from slipstream.wire.values import encode_value, length_of

_RUN_ID = "test"


class Surroundings:
    """A store in memory for one test. `variables` and `connections` may be changed at any time."""

    def __init__(self) -> None:
        self.variables = GivenVariables()
        self.connections = GivenConnections()

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Inside, `Variable.get`, `BaseHook.get_connection` and their like find what is here."""
        token = current_backend.set(self.backend("test"))
        try:
            yield
        finally:
            current_backend.reset(token)

    def backend(self, dag_id: str) -> MemoryBackend:
        """Who answers for a run of that DAG."""
        backend = MemoryBackend(dag_id, _RUN_ID)
        backend.share(self.variables, self.connections)
        return backend

    def context(
        self,
        task: AbstractOperator,
        *,
        logical_date: datetime | None = None,
        conf: Mapping[str, JsonValue] | None = None,
        map_index: int = UNMAPPED,
        try_number: int = 1,
        results: Mapping[str, UserValue] | None = None,
    ) -> Context:
        """A context for `task.execute(context)`, as the task would get it in a run.

        `results` is what other tasks have returned, `{task_id: value}`, for `xcom_pull`.
        """
        dag = task.dag or _dag_around(task)
        date = logical_date or datetime.now(UTC)
        run = DagRun(
            pk=1,
            dag_id=dag.dag_id,
            run_id=_RUN_ID,
            run_type=RunType.MANUAL,
            state=RunState.RUNNING,
            version_id="",
            run_after=date,
            logical_date=date,
            data_interval_start=date,
            data_interval_end=date,
            triggered_by=TriggeredBy.TEST,
            conf=dict(conf or {}),
        )
        attempt = Attempt(
            attempt_id="test",
            run=run,
            task_id=task.task_id,
            map_index=map_index,
            try_number=try_number,
            max_tries=task.retries,
            fileloc=dag.fileloc,
        )
        backend = self.backend(dag.dag_id)
        for task_id, value in (results or {}).items():
            write = XComWrite(XCOM_RETURN_KEY, encode_value(value), length_of(value))
            backend.keep(TaskKey(task_id), [write])
        return build_context(dag, task, attempt, backend)


class GivenVariables(dict[str, str]):
    """`{key: text}`; a value that is set and is no text becomes JSON."""

    def __setitem__(self, key: str, value: object) -> None:
        super().__setitem__(key, variable_text(value))


class GivenConnections(dict[str, StoredConnection]):
    """`{conn_id: connection}`; set a `Connection`, a URI, or a mapping of its fields."""

    def __setitem__(self, conn_id: str, value: object) -> None:
        super().__setitem__(conn_id, stored_connection(conn_id, value))


def _dag_around(task: AbstractOperator) -> DAG:
    dag = DAG("test", schedule=None)
    dag.add_task(task)
    return dag
