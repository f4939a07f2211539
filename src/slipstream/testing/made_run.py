"""Runs whose task instances are run one by one, as the test suites of Airflow's users do it.

`run = dag.create_dagrun(…); ti = run.get_task_instance("load"); ti.run(); ti.state`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from slipstream.core.timetable import run_id_for
from slipstream.model.attempt import Attempt, Failed, Skipped, Succeeded
from slipstream.model.run import UNMAPPED, TaskKey
from slipstream.model.run import DagRun as RunValue
from slipstream.model.states import RunState, RunType, TaskState, TriggeredBy
from slipstream.runtime.task_endings import state_after
from slipstream.runtime.task_runner import TaskRun
from slipstream.sdk._backend import Backend, current_backend
from slipstream.sdk._context import Context, build_context
from slipstream.sdk._dag import DAG
from slipstream.sdk._dag_run import DagRun
from slipstream.sdk._task_instance import TaskInstance
from slipstream.sdk._times import in_utc
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException
from slipstream.testing.memory_backend import MemoryBackend


class MadeTaskInstance(TaskInstance):
    """A task instance that a test runs by itself, whatever stands before it."""

    def __init__(self, attempt: Attempt, dag: DAG, backend: MemoryBackend) -> None:
        super().__init__(attempt, dag.get_task(attempt.task_id), dag, backend)
        self._dag = dag
        self._memory = backend
        self.state = TaskState.NONE

    def run(self, *, mark_success: bool = False, **_: UserValue) -> None:
        """Run the task here and now; its values are there for the tasks after it.

        Raises what the task raises. The other arguments of Airflow's (`ignore_ti_state`,
        `ignore_all_deps` …) are taken: no dependency is ever looked at.
        """
        if mark_success:
            self.state = TaskState.SUCCESS
            return
        self._memory.running = self._attempt.key
        self._memory.lengths.clear()
        end = TaskRun(self._attempt, self._dag, self._memory, self._memory.lengths).run()
        outcome = end.outcome
        if isinstance(outcome, Succeeded | Failed | Skipped):
            self._memory.keep(self._attempt.key, outcome.xcoms)
        self.state = state_after(outcome, self._attempt)
        if end.callbacks is not None:
            end.callbacks()
        if isinstance(outcome, Failed):
            raise end.error or AirflowException(outcome.message)

    def get_template_context(self, **_: UserValue) -> Context:
        """A context for `task.execute(context)`."""
        return build_context(self._dag, self.task, self._attempt, self._memory)

    def refresh_from_db(self, **_: UserValue) -> None:
        """There is nothing to refresh from: it is up to date."""


class MadeRun(DagRun):
    """A run of which nothing happens by itself."""

    def __init__(self, dag: DAG, run: RunValue, backend: MemoryBackend) -> None:
        super().__init__(run, backend, dag.task_dict)
        self.dag = dag
        self._value = run
        self._memory = backend
        self._instances: dict[TaskKey, MadeTaskInstance] = {}

    def get_task_instance(  # type: ignore[override]  # One that can be run, not a summary.
        self, task_id: str, map_index: int = UNMAPPED, **_: UserValue
    ) -> MadeTaskInstance:
        """The task instance. Raises `TaskNotFound` where the DAG has no such task."""
        task = self.dag.get_task(task_id)
        key = TaskKey(task_id, map_index)
        if key not in self._instances:
            attempt = Attempt(
                attempt_id=f"test {task_id} {map_index}",
                run=self._value,
                task_id=task_id,
                map_index=map_index,
                try_number=1,
                max_tries=task.retries,
                fileloc=self.dag.fileloc,
            )
            self._instances[key] = MadeTaskInstance(attempt, self.dag, self._memory)
        return self._instances[key]

    def get_task_instances(  # type: ignore[override]  # As above.
        self, state: str | Iterable[str | None] | None = None, **_: UserValue
    ) -> list[MadeTaskInstance]:
        """One of every task; those in `state` where it is given."""
        wanted = {state} if isinstance(state, str) else set(state or ())
        made = [self.get_task_instance(task.task_id) for task in self.dag.tasks]
        return [ti for ti in made if state is None or ti.state in wanted]


def create(
    dag: DAG,
    *,
    run_id: str | None = None,
    run_type: RunType | str = RunType.MANUAL,
    state: RunState | str = RunState.RUNNING,
    logical_date: datetime | None = None,
    execution_date: datetime | None = None,
    data_interval: tuple[datetime, datetime] | None = None,
    run_after: datetime | None = None,
    start_date: datetime | None = None,
    conf: Mapping[str, UserValue] | None = None,
    **_: UserValue,
) -> MadeRun:
    """See `DAG.create_dagrun`."""
    date = in_utc(logical_date or execution_date)
    after = in_utc(run_after) or date or datetime.now(UTC)
    kind = RunType(str(run_type))
    begin, end = data_interval or (date, date)
    value = RunValue(
        pk=1,
        dag_id=dag.dag_id,
        run_id=run_id or run_id_for(kind, run_after=after, logical_date=date),
        run_type=kind,
        state=RunState(str(state)),
        version_id="",
        run_after=after,
        logical_date=date,
        data_interval_start=in_utc(begin),
        data_interval_end=in_utc(end),
        start_date=in_utc(start_date),
        triggered_by=TriggeredBy.TEST,
        conf=dict(conf or {}),
        reason="A test has made it.",
    )
    return MadeRun(dag, value, _backend(dag, value))


def _backend(dag: DAG, run: RunValue) -> MemoryBackend:
    """One that answers with what is given to the test, where it is."""
    around: Backend | None = current_backend.get()
    if isinstance(around, MemoryBackend):
        return around.of_run(dag.dag_id, run.run_id)
    return MemoryBackend(dag.dag_id, run.run_id)
