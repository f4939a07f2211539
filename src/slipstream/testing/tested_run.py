"""What `DAG.test()` gives: the run and its task instances, to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from slipstream.model.attempt import Attempt
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun as RunValue
from slipstream.model.run import TaskInstance, TaskKey
from slipstream.model.states import TaskState
from slipstream.sdk._asset_events import AssetEvent
from slipstream.sdk._dag import DAG
from slipstream.sdk._dag_run import DagRun
from slipstream.sdk._task_instance import TaskInstance as UserTaskInstance
from slipstream.sdk._types import UserValue
from slipstream.testing.memory_backend import MemoryBackend
from slipstream.wire.values import decode_value


class TestedRun(DagRun):
    """A run that was driven to its end; `state` says which."""

    __test__ = False
    """It is nothing for pytest to collect."""

    def __init__(
        self,
        dag: DAG,
        run: RunValue,
        backend: MemoryBackend,
        states: Mapping[TaskKey, TaskState],
        instances: Mapping[TaskKey, TaskInstance],
    ) -> None:
        super().__init__(run, backend, dag.task_dict)
        self.dag = dag
        self.reason = run.reason
        self._memory = backend
        self._ended = run
        self._states = states
        self._instances = instances

    @property
    def states(self) -> Mapping[str, str]:
        """`{"load": "success", "train[0]": "failed"}`; "none" for what was never decided."""
        return {_name_of(key): state.value for key, state in self._states.items()}

    @property
    def asset_events(self) -> list[AssetEvent]:
        """The events of the assets that its tasks have updated, the oldest first."""
        mine = (self.dag_id, self.run_id)
        return [
            AssetEvent(one, self._memory)
            for one in self._memory.events.recorded
            if (one.source_dag_id, one.source_run_id) == mine
        ]

    def reason_of(self, name: str) -> str:
        """Why a task instance, named as in `states`, is in its state."""
        rows = {_name_of(key): row for key, row in self._instances.items()}
        return (rows[name].reason if name in rows else None) or ""

    def result(
        self, task_id: str, map_index: int = UNMAPPED, *, key: str = "return_value"
    ) -> UserValue:
        """What a task instance pushed under the key; None where it pushed nothing."""
        text = self._memory.get_xcom(
            dag_id=self.dag_id, run_id=self.run_id, task_id=task_id, map_index=map_index, key=key
        )
        return None if text is None else decode_value(text)

    def get_task_instances(  # type: ignore[override]  # More than a summary, with the same names.
        self, state: str | Iterable[str | None] | None = None, **_: UserValue
    ) -> list[UserTaskInstance]:
        """The run's task instances; those in `state` where it is given."""
        wanted = {state} if state is None or isinstance(state, str) else set(state)
        return [
            self._task_instance(key)
            for key, found in self._states.items()
            if state is None or found.value in wanted
        ]

    def get_task_instance(  # type: ignore[override]  # As above.
        self, task_id: str, map_index: int = UNMAPPED, **_: UserValue
    ) -> UserTaskInstance | None:
        """One task instance, or None; its `xcom_pull` gives what was pushed."""
        key = TaskKey(task_id, map_index)
        return self._task_instance(key) if key in self._states else None

    def _task_instance(self, key: TaskKey) -> UserTaskInstance:
        row = self._instances.get(key)
        attempt = Attempt(
            attempt_id="" if row is None else row.attempt_id or "",
            run=self._ended,
            task_id=key.task_id,
            map_index=key.map_index,
            try_number=0 if row is None else row.try_number,
            max_tries=0 if row is None else row.max_tries,
            fileloc=self.dag.fileloc,
        )
        made = UserTaskInstance(attempt, self.dag.get_task(key.task_id), self.dag, self._memory)
        made.state = self._states[key]
        made.was(*(None, None) if row is None else (row.start_date, row.end_date))
        return made

    def __repr__(self) -> str:
        return f"<DagRun {self.dag_id} @ {self.run_id}: {self.state}>"


def _name_of(key: TaskKey) -> str:
    return key.task_id if key.map_index == UNMAPPED else f"{key.task_id}[{key.map_index}]"
