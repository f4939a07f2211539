"""A DAG run as user code sees it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Self

from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED
from slipstream.model.states import RunState, RunType, TriggeredBy
from slipstream.sdk._deprecation import warn_deprecated
from slipstream.sdk._former_methods import FormerRunMethods
from slipstream.sdk._times import for_user
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    import pendulum

    from slipstream.model.run import DagRun as RunValue
    from slipstream.sdk._backend import Backend


class DagRun(FormerRunMethods):
    """The run that a task belongs to, or one before it. Times are `pendulum.DateTime` in UTC.

    A test may make one of its own with `DagRun(dag_id=…, run_id=…)`.
    """

    def __new__(cls, *args: UserValue, **kwargs: UserValue) -> Self:
        if cls is DagRun and "dag_id" in kwargs:
            # What runs tasks in tests stands above this layer.
            made: type[Self] = import_module("slipstream.testing.made_run").GivenRun
            return super().__new__(made)
        return super().__new__(cls)

    def __init__(self, run: RunValue, backend: Backend, task_ids: Container[str] = ()) -> None:
        self._run = run
        self._backend = backend
        self._task_ids = task_ids
        self.id = run.pk
        self.dag_id = run.dag_id
        self.run_id = run.run_id
        self.run_type: RunType = run.run_type
        self.state: RunState = run.state
        self.conf: dict[str, UserValue] = dict(run.conf)
        self.note = run.note
        self.triggered_by: TriggeredBy = run.triggered_by
        self.triggering_user_name = run.triggering_user
        self.partition_key = run.partition_key
        self.clear_number = run.clear_number
        self.team_name: None = None
        """A deployment is one team's."""
        self._consumed: list[UserValue] | None = None

    def __reduce__(self) -> tuple[UserValue, ...]:
        """It may be sent to another process, where the backend of that one answers for it."""
        known = self._task_ids
        return _received, (self._run, list(known) if isinstance(known, Iterable) else ())

    @staticmethod
    def generate_run_id(
        run_type: RunType | str,
        logical_date: datetime | None = None,
        run_after: datetime | None = None,
        **former: UserValue,
    ) -> str:
        """A run id as the scheduler makes it, such as `manual__2026-01-01T00:00:00+00:00`."""
        moment = logical_date or former.get("execution_date") or run_after
        if moment is None:
            raise TypeError("generate_run_id() needs logical_date or run_after; it got neither.")
        kind = RunType(str(run_type))
        return (
            f"{kind}__{(run_after or moment if kind is RunType.SCHEDULED else moment).isoformat()}"
        )

    @property
    def consumed_asset_events(self) -> list[UserValue]:
        """The events that the run was made for, the oldest first."""
        if self._consumed is None and self._run.run_type is not RunType.ASSET_TRIGGERED:
            self._consumed = []
        if self._consumed is None:
            from slipstream.sdk._asset_events import AssetEvent

            recorded = self._backend.get_triggering_events(dag_id=self.dag_id, run_id=self.run_id)
            self._consumed = [AssetEvent(one, self._backend) for one in recorded]
        return self._consumed

    @property
    def logical_date(self) -> pendulum.DateTime | None:
        """The moment that the run stands for; None where it stands for none."""
        return for_user(self._run.logical_date)

    @property
    def partition_date(self) -> pendulum.DateTime | None:
        """The moment that the run's partition stands for; None where it stands for none."""
        return for_user(self._run.partition_date)

    @property
    def data_interval_start(self) -> pendulum.DateTime | None:
        """Where the run's data begin."""
        return for_user(self._run.data_interval_start)

    @property
    def data_interval_end(self) -> pendulum.DateTime | None:
        """Where the run's data end."""
        return for_user(self._run.data_interval_end)

    @property
    def run_after(self) -> pendulum.DateTime | None:
        """The earliest moment at which the run could start."""
        return for_user(self._run.run_after)

    @property
    def queued_at(self) -> pendulum.DateTime | None:
        """When the run was asked for."""
        return for_user(self._run.queued_at)

    @property
    def start_date(self) -> pendulum.DateTime | None:
        """When the run started."""
        return for_user(self._run.start_date)

    @property
    def end_date(self) -> pendulum.DateTime | None:
        """When the run ended, if it has."""
        return for_user(self._run.end_date)

    @property
    def execution_date(self) -> pendulum.DateTime | None:
        """The former name of `logical_date`."""
        warn_deprecated("dag_run.execution_date", "Use dag_run.logical_date.")
        return for_user(self._run.logical_date or self._run.run_after)

    @property
    def external_trigger(self) -> bool:
        """Whether somebody asked for the run."""
        warn_deprecated("dag_run.external_trigger", "Use dag_run.run_type.")
        return self._run.run_type is RunType.MANUAL

    @property
    def is_backfill(self) -> bool:
        """Whether the run belongs to a backfill."""
        return self._run.run_type is RunType.BACKFILL

    def get_state(self) -> str | None:
        """The run's state now."""
        return self._backend.get_run_state(dag_id=self.dag_id, run_id=self.run_id)

    def get_task_instances(
        self, state: str | Iterable[str | None] | None = None, **_: UserValue
    ) -> list[TaskInstanceSummary]:
        """The run's task instances with their states now; those in `state` where it is given."""
        found = self._summaries(None)
        if state is None:
            return found
        wanted = {state} if isinstance(state, str) else set(state)
        return [one for one in found if one.state in wanted]

    def get_task_instance(
        self, task_id: str, map_index: int = -1, **_: UserValue
    ) -> TaskInstanceSummary | None:
        """One task instance of the run, or None."""
        for one in self._summaries([task_id]):
            if one.task_id == task_id and one.map_index == map_index:
                return one
        return None

    def get_previous_dagrun(self, state: str | None = None, **_: UserValue) -> DagRun | None:
        """The run before this one (of that state), or None."""
        return previous_run(self._run, self._backend, state)

    def _summaries(self, task_ids: Sequence[str] | None) -> list[TaskInstanceSummary]:
        states = self._backend.get_task_states(
            dag_id=self.dag_id,
            task_ids=task_ids,
            group_id=None,
            run_ids=[self.run_id],
            logical_dates=[],
        ).get(self.run_id, {})
        return [
            TaskInstanceSummary(self, *split_instance_key(key, self._task_ids), state)
            for key, state in states.items()
        ]

    def __repr__(self) -> str:
        return f"<DagRun {self.dag_id} @ {self.run_id}: {self.state}>"


class TaskInstanceSummary:
    """Another task instance of a run: where it stands, nothing more."""

    def __init__(self, dag_run: DagRun, task_id: str, map_index: int, state: str | None) -> None:
        self.dag_run = dag_run
        self.dag_id = dag_run.dag_id
        self.run_id = dag_run.run_id
        self.task_id = task_id
        self.map_index = map_index
        self.state = state

    def current_state(self) -> str | None:
        """The state."""
        return self.state

    def __repr__(self) -> str:
        return f"<TaskInstance {self.dag_id}.{self.task_id} {self.run_id} [{self.state}]>"


def split_instance_key(key: str, task_ids: Container[str]) -> tuple[str, int]:
    """Task id and map index from `task` or `task_3`; `task_ids` are those that are known."""
    task_id, found, index = key.rpartition("_")
    if key in task_ids or not found or not index.isdigit():
        return key, UNMAPPED
    return task_id, int(index)


def previous_run(run: RunValue, backend: Backend, state: str | None) -> DagRun | None:
    """The DAG's run before this one (of that state), or None."""
    fields = backend.get_previous_run(
        dag_id=run.dag_id, logical_date=run.logical_date, run_id=run.run_id, state=state
    )
    return None if fields is None else DagRun(run_from_fields(fields), backend)


def known_run(dag_id: str, run_id: str, backend: Backend) -> DagRun | None:
    """Any run, or None where there is none."""
    fields = backend.get_run(dag_id=dag_id, run_id=run_id)
    return None if fields is None else DagRun(run_from_fields(fields), backend)


def run_from_fields(fields: Mapping[str, JsonValue]) -> RunValue:
    """A run from the REST API's field names."""
    from slipstream.model.run import DagRun as RunValue

    triggered_by = fields.get("triggered_by")
    conf = fields.get("conf")
    return RunValue(
        pk=0,
        dag_id=str(fields["dag_id"]),
        run_id=str(fields["dag_run_id"]),
        run_type=RunType(str(fields["run_type"])),
        state=RunState(str(fields["state"])),
        version_id="",
        run_after=_time(fields.get("run_after")) or datetime.min,  # noqa: DTZ901 - never shown
        logical_date=_time(fields.get("logical_date")),
        data_interval_start=_time(fields.get("data_interval_start")),
        data_interval_end=_time(fields.get("data_interval_end")),
        queued_at=_time(fields.get("queued_at")),
        start_date=_time(fields.get("start_date")),
        end_date=_time(fields.get("end_date")),
        triggered_by=TriggeredBy(str(triggered_by)) if triggered_by else TriggeredBy.CLI,
        conf=conf if isinstance(conf, Mapping) else {},
        partition_key=str(key) if (key := fields.get("partition_key")) is not None else None,
        partition_date=_time(fields.get("partition_date")),
    )


def _time(value: JsonValue) -> datetime | None:
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _received(run: RunValue, task_ids: Sequence[str]) -> DagRun:
    from slipstream.sdk._running import get_backend

    backend = get_backend()
    if backend is None:
        raise RuntimeError("A DagRun can only be unpickled where a task is running.")
    return DagRun(run, backend, task_ids)
