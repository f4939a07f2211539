"""A sensor that waits for another DAG, its counterpart there, and the link between them."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

from slipstream.model.attempt import Watched
from slipstream.model.states import RunState, TaskState
from slipstream.sdk._callables import call_with_context
from slipstream.sdk._deferral import is_deferrable
from slipstream.sdk._external import SHORTEST_PAUSE_SECONDS, External, Verdict
from slipstream.sdk._former_arguments import take_former
from slipstream.sdk._keys import quoted
from slipstream.sdk._links import BaseOperatorLink, address_of_run
from slipstream.sdk._running import require_backend
from slipstream.sdk._standard_exceptions import (
    DuplicateStateError,
    ExternalDagFailedError,
    ExternalDagNotFoundError,
    ExternalTaskFailedError,
    ExternalTaskGroupFailedError,
    ExternalTaskGroupNotFoundError,
    ExternalTaskNotFoundError,
)
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowSkipException
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.sensors.base import BaseSensorOperator
from slipstream.sdk.triggers.external_task import WorkflowTrigger

if TYPE_CHECKING:
    from slipstream.sdk._context import Context
    from slipstream.sdk._operator import BaseOperator
    from slipstream.sdk._task_instance import TaskInstanceKey


class ExternalDagLink(BaseOperatorLink):
    """Leads to the DAG that is waited for, or that waits."""

    name = "External DAG"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The page of the DAG."""
        return address_of_run(str(getattr(operator, "external_dag_id", "")))


class ExternalTaskSensor(BaseSensorOperator):
    """Waits until another DAG's run, tasks in it or a group of them have come to a state.

    The run is that of the same logical date, of one `execution_delta` earlier, or of the date or
    dates that `execution_date_fn` gives for it. All of it has to be in one of `allowed_states`
    (`success` by default). `failed_states` of any part of it fail the sensor, `skipped_states`
    skip it. `check_existence` fails it at once where there is no such DAG, task or group.
    `poll_interval` is another name for `poke_interval`.

    It looks again as soon as something has happened in the other DAG (in mode `reschedule`, when
    what it waits for has ended), and after `poke_interval` at the latest.
    """

    template_fields: Sequence[str] = (
        "external_dag_id",
        "external_task_id",
        "external_task_ids",
        "external_task_group_id",
    )
    ui_color = "#4db7db"
    operator_extra_links = (ExternalDagLink(),)
    waits_for_dag = True

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str | None = None,
        external_task_ids: Collection[str] | None = None,
        external_task_group_id: str | None = None,
        allowed_states: Iterable[str] | None = None,
        skipped_states: Iterable[str] | None = None,
        failed_states: Iterable[str] | None = None,
        execution_delta: timedelta | None = None,
        execution_date_fn: Callable[..., UserValue] | None = None,
        check_existence: bool = False,
        poll_interval: float | None = None,
        deferrable: bool | None = None,
        **kwargs: UserValue,
    ) -> None:
        if poll_interval is not None:
            kwargs["poke_interval"] = poll_interval
        super().__init__(**kwargs)
        self._check_what(external_task_id, external_task_ids, external_task_group_id)
        if execution_delta is not None and execution_date_fn is not None:
            raise ValueError(
                f"Sensor {self.task_id!r} has execution_delta and execution_date_fn; give one."
            )
        self.external_dag_id = external_dag_id
        self.external_task_id = external_task_id
        self.external_task_ids = (
            [external_task_id] if external_task_id is not None else external_task_ids
        )
        self.external_task_group_id = external_task_group_id
        self.allowed_states = list(allowed_states or ()) or [TaskState.SUCCESS.value]
        self.skipped_states = list(skipped_states or ())
        self.failed_states = list(failed_states or ())
        self._check_states()
        self.execution_delta = execution_delta
        self.execution_date_fn = execution_date_fn
        self.check_existence = check_existence
        self.deferrable = is_deferrable(deferrable)
        self._has_checked = False
        self._seen: int | None = None

    @property
    def poll_interval(self) -> float:
        """Seconds between two looks at most."""
        return self.poke_interval

    @poll_interval.setter
    def poll_interval(self, value: float) -> None:
        self.poke_interval = value

    def _check_what(
        self, task_id: str | None, task_ids: Collection[str] | None, group_id: str | None
    ) -> None:
        given = {
            "external_task_id": task_id,
            "external_task_ids": task_ids,
            "external_task_group_id": group_id,
        }
        if len(found := [name for name, value in given.items() if value is not None]) > 1:
            raise ValueError(
                f"Sensor {self.task_id!r} has {' and '.join(found)}; give one of them."
            )
        if isinstance(task_ids, str) and "{" not in task_ids:
            raise ValueError(
                f"external_task_ids of sensor {self.task_id!r} is the text {task_ids!r}; expected "
                "a list of ids. external_task_id takes a single one."
            )

    def _check_states(self) -> None:
        states = [*self.allowed_states, *self.skipped_states, *self.failed_states]
        if len(states) > len(set(states)):
            raise DuplicateStateError(
                f"Sensor {self.task_id!r} has a state twice in its allowed_states, skipped_states "
                "and failed_states."
            )
        whole_runs = self.external_task_ids is None and self.external_task_group_id is None
        known: set[str | None] = {*RunState} if whole_runs else {None, *TaskState}
        if unknown := [state for state in states if state not in known]:
            raise ValueError(
                f"Sensor {self.task_id!r} waits for {'runs' if whole_runs else 'tasks'}, which "
                f"have no state {unknown[0]!r}; expected of {quoted(map(str, known))}."
            )

    # ------------------------------------------------------------------ waiting

    def execute(self, context: Context) -> UserValue:
        """Wait, here or in the triggerer."""
        if self.deferrable:
            self._defer(context)
        backend = require_backend()
        self._seen = backend.await_change(dag_id=self.external_dag_id, seen=None, seconds=0)
        return super().execute(context)

    def _defer(self, context: Context) -> NoReturn:
        self._check_that_it_exists()
        self.defer(
            timeout=timedelta(seconds=self.timeout),
            trigger=WorkflowTrigger(
                external_dag_id=self.external_dag_id,
                external_task_ids=self.external_task_ids,
                external_task_group_id=self.external_task_group_id,
                logical_dates=list(self._get_dttm_filter(context)),
                allowed_states=self.allowed_states,
                failed_states=self.failed_states,
                skipped_states=self.skipped_states,
                poke_interval=self.poke_interval,
                soft_fail=self.soft_fail,
            ),
            method_name="execute_complete",
        )

    def poke(self, context: Context) -> bool:
        """Whether all of it has come to an allowed state."""
        self._check_that_it_exists()
        dates = self._get_dttm_filter(context)
        external = External(
            dag_id=self.external_dag_id,
            logical_dates=dates,
            task_ids=self.external_task_ids or (),
            group_id=self.external_task_group_id,
            allowed=self.allowed_states,
            failed=self.failed_states,
            skipped=self.skipped_states,
        )
        self.log.info("Looking at %s at %s", self._what, ", ".join(map(str, dates)))
        return self._judge(external.look(require_backend()))

    def _pause(self, seconds: float) -> None:
        """Until something happens in the other DAG."""
        end = time.monotonic() + seconds
        time.sleep(min(seconds, SHORTEST_PAUSE_SECONDS))
        self._seen = require_backend().await_change(
            dag_id=self.external_dag_id,
            seen=self._seen,
            seconds=max(0.0, end - time.monotonic()),
        )

    def _watched(self, since: datetime) -> Watched:
        """What it waits for in the other DAG."""
        return Watched(
            dag_id=self.external_dag_id,
            task_ids=tuple(self.external_task_ids or ()),
            group_id=self.external_task_group_id,
            since=since,
        )

    def execute_complete(self, context: Context, event: UserValue = None) -> None:
        """Go on with what the trigger saw."""
        status = event.get("status") if isinstance(event, dict) else None
        if status not in {one.value for one in Verdict}:
            raise ExternalTaskNotFoundError(
                f"The trigger of {self.task_id!r} gave {event!r}; expected a status."
            )
        self._judge(Verdict(status))

    def _judge(self, found: Verdict) -> bool:
        if found is Verdict.FAILED:
            message = f"{self._what} has come to one of the failed states."
            if self.soft_fail:
                raise AirflowSkipException(f"{message} Skipping due to soft_fail.")
            raise self._failure(message)
        if found is Verdict.SKIPPED:
            raise AirflowSkipException(f"{self._what} has come to a state to skip on.")
        return found is Verdict.SUCCESS

    @property
    def _failure(self) -> type[Exception]:
        if self.external_task_ids:
            return ExternalTaskFailedError
        return (
            ExternalTaskGroupFailedError if self.external_task_group_id else ExternalDagFailedError
        )

    @property
    def _what(self) -> str:
        if self.external_task_ids:
            return f"Task {quoted(self.external_task_ids)} of DAG {self.external_dag_id!r}"
        if self.external_task_group_id:
            return f"Group {self.external_task_group_id!r} of DAG {self.external_dag_id!r}"
        return f"DAG {self.external_dag_id!r}"

    def _check_that_it_exists(self) -> None:
        if not self.check_existence or self._has_checked:
            return
        dag = require_backend().get_dag(self.external_dag_id)
        if dag is None:
            raise ExternalDagNotFoundError(f"There is no DAG {self.external_dag_id!r}.")
        if missing := sorted(set(self.external_task_ids or ()) - dag.task_ids):
            raise ExternalTaskNotFoundError(
                f"DAG {self.external_dag_id!r} has no task {quoted(missing)}."
            )
        group_id = self.external_task_group_id
        if group_id is not None and group_id not in dag.group_ids:
            raise ExternalTaskGroupNotFoundError(
                f"DAG {self.external_dag_id!r} has no group {group_id!r}."
            )
        self._has_checked = True

    def _get_dttm_filter(self, context: Context) -> Sequence[datetime]:
        """The logical dates of the runs to look at."""
        date = self._get_logical_date(context)
        if self.execution_delta is not None:
            return [date - self.execution_delta]
        if self.execution_date_fn is None:
            return [date]
        found = self._handle_execution_date_fn(context)
        return list(found) if isinstance(found, Iterable) else [found]

    def _get_logical_date(self, context: Context) -> datetime:
        run = context["dag_run"]
        found: datetime = run.logical_date or run.run_after
        return found

    def _handle_execution_date_fn(self, context: Context) -> UserValue:
        """Ask the function; it gets the date, and by their names other things of the context."""
        assert self.execution_date_fn is not None
        others = context.copy()
        for name in list(inspect.signature(self.execution_date_fn).parameters)[:1]:
            # That one gets the date, even where it is called `logical_date`.
            others.pop(name, None)
        date = self._get_logical_date(context)
        return call_with_context(self.execution_date_fn, [date], {"context": context}, others)


class ExternalTaskMarker(EmptyOperator):
    """Says which task of which DAG waits for this DAG. It does nothing.

    Where it is cleared, that task in the run of `logical_date` and all below it are cleared, too,
    and so on through at most `recursion_depth` DAGs.
    """

    is_external_marker = True
    template_fields: Sequence[str] = ("external_dag_id", "external_task_id", "logical_date")
    ui_color = "#4db7db"
    operator_extra_links = (ExternalDagLink(),)

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str,
        logical_date: str | datetime | None = "{{ logical_date.isoformat() }}",
        recursion_depth: int = 10,
        **kwargs: UserValue,
    ) -> None:
        date = take_former(kwargs, "logical_date", logical_date, "execution_date")
        super().__init__(**kwargs)
        if not isinstance(date, str | datetime | None):
            raise TypeError(
                f"logical_date of {self.task_id!r} has to be a text or a datetime; {date!r} is a "
                f"{type(date).__name__}."
            )
        if recursion_depth <= 0:
            raise ValueError(
                f"recursion_depth of {self.task_id!r} is {recursion_depth}; expected a number "
                "from 1 on."
            )
        self.external_dag_id = external_dag_id
        self.external_task_id = external_task_id
        self.logical_date = date.isoformat() if isinstance(date, datetime) else date
        self.recursion_depth = recursion_depth
