"""A task instance as user code sees it while it runs: `ti`."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Self

from slipstream.model.map_index import UNMAPPED
from slipstream.model.states import FINISHED, TaskState
from slipstream.sdk._dag_run import DagRun, previous_run, split_instance_key
from slipstream.sdk._deprecation import warn_deprecated
from slipstream.sdk._running import require_backend
from slipstream.sdk._times import for_user, in_utc
from slipstream.sdk._types import NOTSET, ArgNotSet, UserValue
from slipstream.sdk._values import length_of
from slipstream.sdk._xcom_arg import XCOM_RETURN_KEY
from slipstream.sdk._xcom_sequences import PushedItems, fetch_item
from slipstream.sdk._xcom_values import XComPlace, read_xcom, read_xcoms, write_xcom
from slipstream.sdk.exceptions import DagNotFound

if TYPE_CHECKING:
    import pendulum

    from slipstream.model.attempt import Attempt
    from slipstream.model.input import InputRequest
    from slipstream.model.run import FoundInstance
    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._backend import Backend
    from slipstream.sdk._backend_values import DagSummary
    from slipstream.sdk._context import Context
    from slipstream.sdk._dag import DAG


MOST_BREADCRUMBS = 10_000
"""Task instances of a run that a task may be told about in one go."""


class TaskInstanceKey(NamedTuple):
    """What identifies one try of a task instance."""

    dag_id: str
    task_id: str
    run_id: str
    try_number: int = 1
    map_index: int = UNMAPPED

    @property
    def primary(self) -> tuple[str, str, str, int]:
        """The same without the try."""
        return self.dag_id, self.task_id, self.run_id, self.map_index

    @property
    def key(self) -> Self:
        """Itself: what holds task instances holds keys in their place, too."""
        return self

    def with_try_number(self, try_number: int) -> Self:
        """The same with another try."""
        return self._replace(try_number=try_number)

    @classmethod
    def from_dict(cls, dictionary: Mapping[str, UserValue]) -> Self:
        """The key that `_asdict` was made of."""
        return cls(**dictionary)


@dataclass(slots=True)
class Decisions:
    """What a task decided about others while it ran; the runner reports it with the success."""

    skip: list[str]
    """Task ids below it that are to be skipped."""
    skip_all_downstream: bool = False


class TaskInstance:
    """The task instance that is running: who it is, and its XComs.

    A test may make one of its own with `TaskInstance(task=…, run_id=…)`, and run it.
    """

    def __new__(cls, *args: UserValue, **kwargs: UserValue) -> Self:
        if cls is TaskInstance and not args and not kwargs.keys() & {"task", "attempt"}:
            raise TypeError(
                "TaskInstance needs a task, and the run that it belongs to: "
                "TaskInstance(task=dag.get_task(...), run_id=...)."
            )
        if cls is TaskInstance and ("task" in kwargs or (args and not _is_attempt(args[0]))):
            # What runs tasks in tests stands above this layer.
            made: type[Self] = import_module("slipstream.testing.made_run").MadeTaskInstance
            return super().__new__(made)
        return super().__new__(cls)

    def __init__(
        self, attempt: Attempt, task: AbstractOperator, dag: DAG, backend: Backend
    ) -> None:
        self._attempt = attempt
        self.task = task
        self.backend = backend
        self.dag_id = attempt.run.dag_id
        self.task_id = attempt.task_id
        self.run_id = attempt.run.run_id
        self.map_index = attempt.map_index
        self.try_number = attempt.try_number
        self.max_tries = attempt.max_tries
        self.id = attempt.attempt_id
        self.dag_run = DagRun(attempt.run, backend, dag.task_dict)
        self.state: TaskState | None = TaskState.RUNNING
        self.queue = attempt.queue
        self.priority_weight = attempt.priority
        self.pool: str = getattr(task, "pool", "default_pool")
        self.pool_slots: int = getattr(task, "pool_slots", 1)
        self.executor_config: Mapping[str, UserValue] = getattr(task, "executor_config", {})
        self.task_reschedule_count = attempt.reschedules
        self.rendered_map_index: str | None = None
        self.decisions = Decisions([])
        self.asked: InputRequest | None = None
        """What this attempt has asked people."""
        self.resolved_inputs: dict[int, Mapping[str, UserValue]] = {}
        self.context: Context | None = None
        self._started: datetime | None = attempt.first_start or datetime.now(UTC)
        self._ended: datetime | None = None

    # ------------------------------------------------------------------ who it is

    @staticmethod
    def filter_for_tis(tis: UserValue) -> None:
        """A condition on Airflow's table of task instances, which is not there: none."""

    @property
    def key(self) -> TaskInstanceKey:
        """What identifies this try."""
        return TaskInstanceKey(
            self.dag_id, self.task_id, self.run_id, self.try_number, self.map_index
        )

    @property
    def operator(self) -> str:
        """The name of the operator's class."""
        return self.task.task_type

    @property
    def is_mapped(self) -> bool:
        """Whether it is one of several instances of its task."""
        return self.map_index >= 0

    @property
    def log(self) -> logging.Logger:
        """The logger of the task."""
        return logging.getLogger("airflow.task")

    @property
    def start_date(self) -> pendulum.DateTime | None:
        """When this try began; a sensor that was rescheduled keeps the first moment."""
        return for_user(self._started)

    def ended(self, at: datetime) -> None:
        """Its end is known: callbacks and mails may ask when it was."""
        self._ended = at

    def was(self, start: datetime | None, end: datetime | None) -> None:
        """It is looked at after its run: when it began and ended, where it did."""
        self._started, self._ended = start, end

    @property
    def end_date(self) -> pendulum.DateTime | None:
        """When it ended; None while it runs."""
        return for_user(self._ended)

    @property
    def duration(self) -> float:
        """Seconds from its beginning to its end, or until now; 0 where it has not begun."""
        if self._started is None:
            return 0.0
        return ((self._ended or datetime.now(UTC)) - self._started).total_seconds()

    @property
    def hostname(self) -> str:
        """The machine that it runs on."""
        import socket

        return socket.gethostname()

    @property
    def logical_date(self) -> pendulum.DateTime | None:
        """The run's logical date."""
        return self.dag_run.logical_date

    @property
    def execution_date(self) -> pendulum.DateTime | None:
        """The former name of `logical_date`."""
        warn_deprecated("ti.execution_date", "Use ti.logical_date or ti.dag_run.logical_date.")
        run = self._attempt.run
        return for_user(run.logical_date or run.run_after)

    @property
    def prev_attempted_tries(self) -> int:
        """The former name of `try_number`."""
        return self.try_number

    @property
    def log_url(self) -> str:
        """Where people read this try's log."""
        from urllib.parse import quote

        from slipstream.sdk._conf import conf

        base = str(conf.get("api", "base_url", fallback="http://localhost:8080")).rstrip("/")
        path = f"/dags/{quote(self.dag_id)}/runs/{quote(self.run_id)}/tasks/{quote(self.task_id)}"
        mapped = f"/mapped/{self.map_index}" if self.is_mapped else ""
        return f"{base}{path}{mapped}?try_number={self.try_number}"

    @property
    def mark_success_url(self) -> str:
        """Where people mark this task instance as successful."""
        return self.log_url

    def current_state(self) -> str | None:
        """The state; None before it has one."""
        return None if self.state is None else self.state.value

    def get_dagrun(self, **_: UserValue) -> DagRun:
        """The run that it belongs to."""
        return self.dag_run

    def get_template_context(self, **_: UserValue) -> Context:
        """The context that the task runs in."""
        assert self.context is not None
        return self.context

    def render_templates(
        self, context: Context | None = None, jinja_env: UserValue = None
    ) -> AbstractOperator:
        """Render the template fields of its task, in its own context or in that one; the task."""
        task: UserValue = self.task
        task.render_template_fields(context or self.get_template_context(), jinja_env)
        return self.task

    # ------------------------------------------------------------------ XCom

    def xcom_push(self, key: str, value: UserValue, **_: UserValue) -> None:
        """Make a value available to other tasks under that key."""
        text = write_xcom(value, self.place_of(key))
        self.backend.set_xcom(
            dag_id=self.dag_id,
            run_id=self.run_id,
            task_id=self.task_id,
            map_index=self.map_index,
            key=key,
            value=text,
            length=length_of(value),
        )

    def place_of(self, key: str) -> XComPlace:
        """What identifies the XCom that it pushes under that key."""
        return XComPlace(
            dag_id=self.dag_id,
            run_id=self.run_id,
            task_id=self.task_id,
            key=key,
            map_index=self.map_index,
        )

    async def axcom_push(self, key: str, value: UserValue) -> None:
        """`xcom_push`, awaited."""
        import asyncio

        await asyncio.to_thread(self.xcom_push, key, value)

    async def axcom_pull(self, *args: UserValue, **kwargs: UserValue) -> UserValue:
        """`xcom_pull`, awaited."""
        import asyncio

        return await asyncio.to_thread(self.xcom_pull, *args, **kwargs)

    def xcom_pull(
        self,
        task_ids: str | Iterable[str] | None = None,
        dag_id: str | None = None,
        key: str = XCOM_RETURN_KEY,
        include_prior_dates: bool = False,
        session: UserValue = None,
        *,
        map_indexes: int | Iterable[int] | ArgNotSet | None = NOTSET,
        default: UserValue = None,
        run_id: str | None = None,
    ) -> UserValue:
        """What other tasks pushed under `key`.

        One task id gives one value (`default` where there is none), several give a list. Without
        task ids it is this task's own. Of a mapped task, the values of all instances are given as
        a list in map index order, or those of `map_indexes` where they are given.
        """
        single = task_ids is None or isinstance(task_ids, str)
        ids = [self.task_id] if task_ids is None else ([task_ids] if single else list(task_ids))
        where = _Where(dag_id or self.dag_id, run_id or self.run_id, key, include_prior_dates)
        if isinstance(map_indexes, ArgNotSet):
            found = [self._pull_all(str(one), where, default) for one in ids]
            return found[0] if single else [item for one in found for item in _spread(one)]
        one_index = map_indexes is None or isinstance(map_indexes, int)
        indexes: Iterable[int] = (
            [UNMAPPED]
            if map_indexes is None
            else ([map_indexes] if isinstance(map_indexes, int) else map_indexes)
        )
        values = [
            default if value is NOTSET else value
            for one in ids
            for index in indexes
            for value in [self._pull_one(str(one), where, index)]
        ]
        return values[0] if single and one_index else values

    def _pull_all(self, task_id: str, where: _Where, default: UserValue) -> UserValue:
        """Everything that the instances of a task pushed."""
        same_run = where.dag_id == self.dag_id
        dag = self.task.dag
        task = dag.task_dict.get(task_id) if same_run and dag is not None else None
        if task is not None and task.get_needs_expansion():
            if task_id == self.task_id:
                value = self._pull_one(task_id, where, self.map_index)
                return default if value is NOTSET else value
            values = self._mapped_values(task_id, where)
            return _Spread(values) if values else default
        value = self._pull_one(task_id, where, None if task is None else UNMAPPED)
        return default if value is NOTSET else value

    def _mapped_values(self, task_id: str, where: _Where) -> list[UserValue]:
        """What every instance pushed, in map index order; a list also where there is only one."""
        texts = self.backend.get_xcoms(
            dag_id=where.dag_id,
            run_id=where.run_id,
            task_id=task_id,
            key=where.key,
            include_prior_dates=where.include_prior_dates,
        )
        return read_xcoms(texts, where.of(task_id, None))

    def _pull_one(self, task_id: str, where: _Where, index: int | None) -> UserValue | ArgNotSet:
        text = self.backend.get_xcom(
            dag_id=where.dag_id,
            run_id=where.run_id,
            task_id=task_id,
            map_index=index,
            key=where.key,
            include_prior_dates=where.include_prior_dates,
        )
        return NOTSET if text is None else read_xcom(text, where.of(task_id, index))

    def pull_value(
        self, task_id: str, key: str, map_index: int | None, *, dag_id: str | None = None
    ) -> UserValue | ArgNotSet:
        """What one task instance of this run pushed; NOTSET for nothing."""
        where = _Where(dag_id or self.dag_id, self.run_id, key, False)
        return self._pull_one(task_id, where, map_index)

    def pull_items(
        self, task_id: str, key: str, map_index: int, near: int, *, dag_id: str
    ) -> UserValue | ArgNotSet:
        """What one task instance of this run pushed, to be looked at around the item `near`.

        Of a list or a mapping only what is asked for is fetched: a sequence of its items, or of
        its pairs. NOTSET for nothing, and for nothing with items in it.
        """
        place = _Where(dag_id, self.run_id, key, False).of(task_id, map_index)
        first = fetch_item(self.backend, place, near)
        if first is None:
            return NOTSET
        if first.length is None:
            return read_xcom(first.text, place)
        return PushedItems(self.backend, place, near, first)

    # ------------------------------------------------------------------ other runs

    def get_previous_dagrun(self, state: str | None = None, **_: UserValue) -> DagRun | None:
        """The run before this one (of that state), or None."""
        return previous_run(self._attempt.run, self.backend, state)

    def get_previous_ti(
        self,
        state: str | None = None,
        logical_date: datetime | None = None,
        map_index: int = UNMAPPED,
    ) -> FoundInstance | None:
        """The instance of this task in the run before this one (the last one in that state).

        None where there is none. `logical_date` counts instead of this run's own; `map_index` is
        that of the instance, -1 for one that is not mapped.
        """
        found = require_backend().find_instances(
            dag_id=self.dag_id,
            task_id=self.task_id,
            map_index=map_index,
            before=in_utc(logical_date) or self._attempt.run.logical_date,
            states=[] if state is None else [str(state)],
            limit=1,
        )
        return found[0] if found else None

    @staticmethod
    def get_task_breadcrumbs(dag_id: str, run_id: str) -> list[dict[str, UserValue]]:
        """What has ended in a run: `task_id`, `map_index`, `state`, `operator` and `duration`."""
        ended = require_backend().find_instances(
            dag_id=dag_id, run_id=run_id, states=sorted(FINISHED), limit=MOST_BREADCRUMBS
        )
        names = ("task_id", "map_index", "state", "operator", "duration")
        return [{name: getattr(one, name) for name in names} for one in ended]

    @property
    def stats_tags(self) -> dict[str, str]:
        """What its metrics are told apart by."""
        return {"dag_id": self.dag_id, "task_id": self.task_id}

    def get_first_reschedule_date(self, context: Context) -> datetime | None:
        """When this try first ran, for a sensor that was rescheduled; None otherwise."""
        return self._attempt.first_start if self.task_reschedule_count else None

    def get_relevant_upstream_map_indexes(
        self, upstream: AbstractOperator, ti_count: int | None = None, **_: UserValue
    ) -> int | range | None:
        """The map indexes of an upstream task that this instance has to do with; None for all."""
        from slipstream.sdk._mapping import relevant_map_indexes

        return relevant_map_indexes(upstream, self.get_template_context())

    @staticmethod
    def get_task_states(
        dag_id: str,
        map_index: int | None = None,
        task_ids: Sequence[str] | None = None,
        task_group_id: str | None = None,
        logical_dates: Sequence[datetime] | None = None,
        run_ids: Sequence[str] | None = None,
    ) -> Mapping[str, Mapping[str, str | None]]:
        """`{run_id: {task_id: state}}` of tasks in any runs; `task_id_2` for an instance of a map.

        Like its kin below it is asked of the class, and answered while a task or a trigger runs.
        """
        return require_backend().get_task_states(
            dag_id=dag_id,
            task_ids=task_ids,
            group_id=task_group_id,
            run_ids=run_ids or [],
            logical_dates=logical_dates or [],
            map_index=UNMAPPED if map_index is None else map_index,
        )

    @staticmethod
    def get_ti_count(
        dag_id: str,
        map_index: int | None = None,
        task_ids: Sequence[str] | None = None,
        task_group_id: str | None = None,
        logical_dates: Sequence[datetime] | None = None,
        run_ids: Sequence[str] | None = None,
        states: Sequence[str] | None = None,
    ) -> int:
        """How many task instances there are, of those states where they are given."""
        found = TaskInstance.get_task_states(
            dag_id, map_index, task_ids, task_group_id, logical_dates, run_ids
        )
        return sum(
            1 for run in found.values() for state in run.values() if not states or state in states
        )

    @staticmethod
    def get_dr_count(
        dag_id: str,
        logical_dates: Sequence[datetime] | None = None,
        run_ids: Sequence[str] | None = None,
        states: Sequence[str] | None = None,
    ) -> int:
        """How many runs there are."""
        return require_backend().count_runs(
            dag_id=dag_id,
            run_ids=run_ids or [],
            logical_dates=logical_dates or [],
            states=states or [],
        )

    @staticmethod
    def get_dagrun_state(dag_id: str, run_id: str) -> str | None:
        """The state of a run."""
        return require_backend().get_run_state(dag_id=dag_id, run_id=run_id)

    @staticmethod
    def get_dag(dag_id: str) -> DagSummary:
        """A DAG of the deployment as it is now. Raises `DagNotFound`."""
        found = require_backend().get_dag(dag_id)
        if found is None:
            raise DagNotFound(f"There is no DAG {dag_id!r}.")
        return found

    def expanded_counts(self) -> Mapping[str, int]:
        """`{task_id: instances}` of the mapped upstream tasks."""
        return self._attempt.upstream_map_lengths

    def __repr__(self) -> str:
        index = f" map_index={self.map_index}" if self.is_mapped else ""
        who = f"{self.dag_id}.{self.task_id} {self.run_id}{index}"
        return f"<TaskInstance: {who} [{self.current_state()}]>"


RuntimeTaskInstance = TaskInstance
"""Airflow's other name for the task instance that is running."""


def _is_attempt(value: UserValue) -> bool:
    from slipstream.model.attempt import Attempt

    return type(value) is Attempt


@dataclass(frozen=True, slots=True)
class _Where:
    dag_id: str
    run_id: str
    key: str
    include_prior_dates: bool

    def of(self, task_id: str, map_index: int | None) -> XComPlace:
        """The place of what an instance of a task pushed there."""
        return XComPlace(
            dag_id=self.dag_id,
            run_id=self.run_id,
            task_id=task_id,
            key=self.key,
            map_index=map_index,
        )


class _Spread(list[UserValue]):
    """The values of a mapped task: among those of several tasks each counts for itself."""


def _spread(value: UserValue) -> Iterable[UserValue]:
    return value if isinstance(value, _Spread) else [value]


def instance_states(
    states: Mapping[str, str | None], task_ids: Iterable[str]
) -> dict[tuple[str, int], str | None]:
    """`{(task_id, map_index): state}` from the keys that the backend answers with."""
    known = set(task_ids)
    return {split_instance_key(key, known): state for key, state in states.items()}
