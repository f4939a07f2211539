"""Runs and task instances as listeners see them that people have marked by hand.

There is no code of the DAG where these listeners are called, and nobody to ask but the REST API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from slipstream.sdk._dag_run import DagRun
from slipstream.sdk._task_instance import TaskInstanceKey
from slipstream.sdk._times import for_user
from slipstream.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    import pendulum

    from slipstream.model.run import DagRun as RunValue
    from slipstream.model.run import TaskInstance as InstanceValue
    from slipstream.sdk._backend import Backend


class _Nobody:
    """Answers nothing."""

    def __getattr__(self, name: str) -> object:
        raise AirflowException(
            f"A listener that is told of a mark cannot ask for more ({name}); ask the REST API."
        )


class MarkedRun(DagRun):
    """A run that somebody has marked; what it was when that was done."""

    def __init__(self, run: RunValue) -> None:
        super().__init__(run, cast("Backend", _Nobody()))  # It answers whatever is asked.


class MarkedTaskInstance:
    """A task instance that somebody has marked; what it was when that was done."""

    def __init__(self, instance: InstanceValue, run: RunValue, operator: str) -> None:
        self._instance = instance
        self.dag_run = MarkedRun(run)
        self.operator = operator
        self.id = instance.attempt_id
        self.dag_id = run.dag_id
        self.run_id = run.run_id
        self.task_id = instance.task_id
        self.map_index = instance.map_index
        self.rendered_map_index = instance.rendered_map_index
        self.state = instance.state
        self.try_number = instance.try_number
        self.max_tries = instance.max_tries
        self.hostname = instance.hostname
        self.pid = instance.pid
        self.note = instance.note

    @property
    def key(self) -> TaskInstanceKey:
        """What tells it from all others."""
        return TaskInstanceKey(
            self.dag_id, self.task_id, self.run_id, self.try_number, self.map_index
        )

    @property
    def logical_date(self) -> pendulum.DateTime | None:
        """The moment that its run stands for."""
        return self.dag_run.logical_date

    @property
    def queued_dttm(self) -> pendulum.DateTime | None:
        """When it was queued last."""
        return for_user(self._instance.queued_at)

    @property
    def start_date(self) -> pendulum.DateTime | None:
        """When its last try began."""
        return for_user(self._instance.start_date)

    @property
    def end_date(self) -> pendulum.DateTime | None:
        """When its last try ended."""
        return for_user(self._instance.end_date)

    @property
    def duration(self) -> float | None:
        """Seconds from the one to the other; None where it has not ended."""
        start, end = self._instance.start_date, self._instance.end_date
        return None if start is None or end is None else (end - start).total_seconds()

    def get_dagrun(self, **_: object) -> MarkedRun:
        """Its run."""
        return self.dag_run

    def __repr__(self) -> str:
        return f"<TaskInstance {self.dag_id}.{self.task_id} {self.run_id} [{self.state}]>"
