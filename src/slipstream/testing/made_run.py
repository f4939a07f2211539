"""Runs whose task instances are run one by one, as the test suites of Airflow's users do it.

`run = dag.create_dagrun(…); ti = run.get_task_instance("load"); ti.run(); ti.state`, or
`ti = TaskInstance(task=dag.get_task("load"), run_id=run.run_id)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from slipstream.core.timetable import run_id_for
from slipstream.model.attempt import Attempt, Failed, Skipped, Succeeded
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun as RunValue
from slipstream.model.run import TaskKey
from slipstream.model.states import RunState, RunType, TaskState, TriggeredBy
from slipstream.runtime.shown_result import shown_result
from slipstream.runtime.task_endings import state_after
from slipstream.runtime.task_runner import TaskRun
from slipstream.sdk._abstract_operator import AbstractOperator
from slipstream.sdk._backend import Backend, current_backend
from slipstream.sdk._context import Context, build_context
from slipstream.sdk._context_variables import task_variables_kept
from slipstream.sdk._dag import DAG
from slipstream.sdk._dag_run import DagRun
from slipstream.sdk._task_instance import TaskInstance
from slipstream.sdk._times import in_utc
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException
from slipstream.testing.memory_backend import MemoryBackend


class MadeTaskInstance(TaskInstance):
    """A task instance that a test runs by itself, whatever stands before it.

    `TaskInstance(task=…, run_id=…)` makes one, too.
    """

    def __init__(
        self,
        task: AbstractOperator,
        execution_date: datetime | UserValue = None,
        run_id: str | None = None,
        state: str | None = None,
        map_index: int = UNMAPPED,
        *,
        logical_date: datetime | None = None,
        dag_run: DagRun | None = None,
        **_: UserValue,
    ) -> None:
        """One of the run of that id, or of that date; of a run that is made where there is none.

        Raises `AirflowException` where the task belongs to no DAG.
        """
        if not isinstance(task, AbstractOperator):
            raise TypeError(
                f"A task instance is of a task; {task!r} is of type {type(task).__name__}. "
                f"dag.get_task(task_id) gives the task."
            )
        dag = task.dag
        if dag is None:
            raise AirflowException(
                f"Task {task.task_id!r} belongs to no DAG, and so to no run. Make it inside "
                f"`with DAG(...)`, or execute it: task.execute(context)."
            )
        # Airflow 3 has a version's id in that place.
        date = logical_date or (execution_date if isinstance(execution_date, datetime) else None)
        run = dag_run or _run_of(dag, run_id, date)
        self._dag = dag
        self._memory = _memory_of(run, dag)
        attempt = Attempt(
            attempt_id=f"test {task.task_id} {map_index}",
            run=run._run,
            task_id=task.task_id,
            map_index=map_index,
            try_number=1,
            max_tries=task.retries,
            fileloc=dag.fileloc,
        )
        super().__init__(attempt, task, dag, self._memory)
        self.dag_run = run
        self.state = TaskState(state) if state else None
        self._has_run = False

    def __setattr__(self, name: str, value: UserValue) -> None:
        if name == "dag_run" and isinstance(value, DagRun) and value._run is not self._attempt.run:
            self._attempt = replace(self._attempt, run=value._run)
            self.run_id = value.run_id
            self._memory = self.backend = _memory_of(value, self._dag)
        super().__setattr__(name, value)

    def run(self, *, mark_success: bool = False, **_: UserValue) -> None:
        """Run the task here and now; its values are there for the tasks after it.

        Raises what the task raises. The other arguments of Airflow's (`ignore_ti_state`,
        `ignore_all_deps` …) are taken: no dependency is ever looked at. Each call is a try.
        """
        if mark_success:
            self.state = TaskState.SUCCESS
            return
        if self._has_run:
            self.try_number += 1
        self._has_run = True
        attempt = self._attempt = replace(self._attempt, try_number=self.try_number)
        self._memory.running = attempt.key
        self._memory.running_attempt = attempt.attempt_id
        self._memory.lengths.clear()
        with task_variables_kept(), self._memory.inside():
            end = TaskRun(attempt, self._dag, self._memory, self._memory.lengths).run()
        outcome = end.outcome
        if isinstance(outcome, Succeeded | Failed | Skipped):
            self._memory.keep(attempt.key, outcome.xcoms)
        if end.shows_result and (line := shown_result(outcome)) is not None:
            self.log.info("%s", line)
        self.state = state_after(outcome, attempt)
        self.ended(datetime.now(UTC))
        if end.callbacks is not None:
            end.callbacks()
        if isinstance(outcome, Failed):
            raise end.error or AirflowException(outcome.message)

    def get_template_context(self, **_: UserValue) -> Context:
        """A context for `task.execute(context)`; its `ti` is this one."""
        context = build_context(self._dag, self.task, self._attempt, self._memory)
        context["ti"] = context["task_instance"] = self
        context["dag_run"] = self.dag_run
        self.context = context
        return context

    def set_state(self, state: str | None, **_: UserValue) -> bool:
        """Have that state from now on; whether it is another one than before."""
        before, self.state = self.state, TaskState(state) if state else None
        return self.state is not before

    def refresh_from_db(self, **_: UserValue) -> None:
        """There is nothing to refresh from: it is up to date."""

    def refresh_from_task(self, task: AbstractOperator, **_: UserValue) -> None:
        """Take the pool, the retries and the like from that task."""
        self.task = task
        self.pool, self.pool_slots = task.pool, task.pool_slots
        self.max_tries = task.retries


class MadeRun(DagRun):
    """A run of which nothing happens by itself."""

    def __init__(self, dag: DAG, run: RunValue, backend: MemoryBackend) -> None:
        super().__init__(run, backend, dag.task_dict)
        self.dag = dag
        self.memory = backend
        self._instances: dict[TaskKey, MadeTaskInstance] = {}

    def get_task_instance(  # type: ignore[override]  # One that can be run, not a summary.
        self, task_id: str, map_index: int = UNMAPPED, **_: UserValue
    ) -> MadeTaskInstance:
        """The task instance. Raises `TaskNotFound` where the DAG has no such task."""
        task = self.dag.get_task(task_id)
        key = TaskKey(task_id, map_index)
        if key not in self._instances:
            self._instances[key] = MadeTaskInstance(task, map_index=map_index, dag_run=self)
        return self._instances[key]

    def get_task_instances(  # type: ignore[override]  # As above.
        self, state: str | Iterable[str | None] | None = None, **_: UserValue
    ) -> list[MadeTaskInstance]:
        """One of every task; those in `state` where it is given."""
        wanted = {state} if isinstance(state, str) else set(state or ())
        made = [self.get_task_instance(task.task_id) for task in self.dag.tasks]
        return [ti for ti in made if state is None or ti.state in wanted]


class GivenRun(DagRun):
    """`DagRun(dag_id=…, run_id=…)` of a test: a run that task instances are given."""

    def __init__(self, dag_id: str, run_id: str | None = None, **kwargs: UserValue) -> None:
        value = _planned(dag_id, run_id=run_id, **kwargs)
        self.memory = _backend(value)
        super().__init__(value, self.memory)


def create(dag: DAG, **kwargs: UserValue) -> MadeRun:
    """See `DAG.create_dagrun`."""
    value = _planned(dag.dag_id, **kwargs)
    run = MadeRun(dag, value, _backend(value))
    dag.made_runs[value.run_id] = run
    return run


def _planned(
    dag_id: str,
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
) -> RunValue:
    date = in_utc(logical_date or execution_date)
    after = in_utc(run_after) or date or datetime.now(UTC)
    kind = RunType(str(run_type))
    begin, end = data_interval or (date, date)
    return RunValue(
        pk=1,
        dag_id=dag_id,
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


def _run_of(dag: DAG, run_id: str | None, date: datetime | None) -> DagRun:
    """The run that a test has made with that id, or for that date; otherwise a new one."""
    for run in dag.made_runs.values():
        if run.run_id == run_id or (run_id is None and date and run.logical_date == in_utc(date)):
            return run
    return create(dag, run_id=run_id, logical_date=date)


def _memory_of(run: DagRun, dag: DAG) -> MemoryBackend:
    if isinstance(run, MadeRun | GivenRun):
        return run.memory
    raise AirflowException(
        f"{run!r} is a run that a task looks at; a task instance of DAG {dag.dag_id!r} needs one "
        f"that a test makes: dag.create_dagrun(...)."
    )


def _backend(run: RunValue) -> MemoryBackend:
    """One that answers with what is given to the test, where it is."""
    around: Backend | None = current_backend.get()
    if isinstance(around, MemoryBackend):
        return around.of_run(run.dag_id, run.run_id)
    return MemoryBackend(run.dag_id, run.run_id)
