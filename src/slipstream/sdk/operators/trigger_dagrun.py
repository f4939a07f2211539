"""An operator that starts a run of another DAG, and the link to that run."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from slipstream.model.states import RunState
from slipstream.sdk._deferral import is_deferrable
from slipstream.sdk._deprecation import warn_deprecated
from slipstream.sdk._former_arguments import take_former
from slipstream.sdk._links import BaseOperatorLink, address_of_run
from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._times import aware
from slipstream.sdk._types import NOTSET, ArgNotSet, UserValue
from slipstream.sdk._xcom import BaseXCom
from slipstream.sdk.exceptions import AirflowException, DagRunTriggerException

if TYPE_CHECKING:
    from slipstream.sdk._context import Context
    from slipstream.sdk._task_instance import TaskInstanceKey

XCOM_LOGICAL_DATE_ISO = "trigger_logical_date_iso"
XCOM_RUN_ID = "trigger_run_id"


@dataclass
class DagRunOrder:
    """What Airflow 1's `python_callable` fills in: the run's id and its conf."""

    run_id: str | None = None
    payload: UserValue = None


class DagIsPaused(AirflowException):
    """The DAG to start a run of is paused."""

    def __init__(self, dag_id: str) -> None:
        super().__init__(f"Dag {dag_id} is paused")
        self.dag_id = dag_id


class TriggerDagRunLink(BaseOperatorLink):
    """Leads to the run that was started, or to the DAG where there is none."""

    name = "Triggered DAG"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The page of the run."""
        run_page = BaseXCom.get_value(ti_key=ti_key, key=self.xcom_key)
        return run_page or address_of_run(str(getattr(operator, "trigger_dag_id", "")))


class TriggerDagRunOperator(BaseOperator):
    """Starts a run of another DAG; its id is pushed as `trigger_run_id`.

    Without `trigger_run_id` the id is made from `logical_date`, which is now unless it or
    `run_after` is given, or is None. Where the run is there already, the task fails; with
    `reset_dag_run` the run starts over, with `skip_when_already_exists` the task is skipped.

    With `wait_for_completion` the task goes on when the run has come to one of `allowed_states`,
    and fails when it has come to one of `failed_states`. It is told at once; `poke_interval` is
    the longest it takes where it cannot be told. `deferrable` waits in the triggerer.

    `openlineage_inject_parent_info` is accepted and has no effect without that provider. Airflow
    1's `python_callable` is called with the context and a `DagRunOrder`; where it gives none back,
    no run is started.
    """

    template_fields: Sequence[str] = (
        "trigger_dag_id",
        "trigger_run_id",
        "logical_date",
        "conf",
        "wait_for_completion",
        "skip_when_already_exists",
    )
    template_fields_renderers: ClassVar[Mapping[str, str]] = {"conf": "py"}
    ui_color = "#ffefeb"
    operator_extra_links = (TriggerDagRunLink(),)

    def __init__(
        self,
        *,
        trigger_dag_id: str,
        trigger_run_id: str | None = None,
        conf: Mapping[str, UserValue] | None = None,
        logical_date: str | datetime | ArgNotSet | None = NOTSET,
        run_after: str | datetime | ArgNotSet | None = NOTSET,
        reset_dag_run: bool = False,
        wait_for_completion: bool = False,
        poke_interval: int = 60,
        allowed_states: Sequence[str | RunState] | None = None,
        failed_states: Sequence[str | RunState] | None = None,
        skip_when_already_exists: bool = False,
        fail_when_dag_is_paused: bool = False,
        note: str | None = None,
        deferrable: bool | None = None,
        openlineage_inject_parent_info: bool = True,
        **kwargs: UserValue,
    ) -> None:
        date = take_former(kwargs, "logical_date", logical_date, "execution_date")
        python_callable = kwargs.pop("python_callable", None)
        super().__init__(**kwargs)
        if python_callable is not None:
            warn_deprecated(
                "python_callable of TriggerDagRunOperator",
                "Use conf, and a ShortCircuitOperator before it.",
            )
        self.python_callable = python_callable
        self.trigger_dag_id = trigger_dag_id
        self.trigger_run_id = trigger_run_id
        self.conf: Mapping[str, UserValue] | str | None = conf
        self.logical_date = _checked(date, "logical_date", self.task_id)
        self.run_after = _checked(run_after, "run_after", self.task_id)
        self.reset_dag_run = reset_dag_run
        self.wait_for_completion = wait_for_completion
        self.poke_interval = poke_interval
        self.allowed_states = [RunState(one) for one in allowed_states or [RunState.SUCCESS]]
        self.failed_states = [
            RunState(one) for one in ([RunState.FAILED] if failed_states is None else failed_states)
        ]
        self.skip_when_already_exists = skip_when_already_exists
        self.fail_when_dag_is_paused = fail_when_dag_is_paused
        self.note = note
        self.deferrable = is_deferrable(deferrable)
        self.openlineage_inject_parent_info = openlineage_inject_parent_info

    def execute(self, context: Context) -> None:
        """Ask for the run; the task's process starts it, and waits as it is told to."""
        now = datetime.now(UTC)
        logical_date, run_after = self._dates(now)
        run_id = self.trigger_run_id or _run_id(logical_date, run_after or now)
        if self.python_callable is not None:
            order = self.python_callable(context, DagRunOrder(run_id, self.conf))
            if not order:
                self.log.info("The callable gave no order: no run is started.")
                return
            run_id, self.conf = order.run_id or run_id, order.payload
        conf = self._conf()
        ti = context["ti"]
        if self.fail_when_dag_is_paused and ti.get_dag(self.trigger_dag_id).is_paused:
            raise DagIsPaused(self.trigger_dag_id)
        for link in self.operator_extra_links:
            if isinstance(link, TriggerDagRunLink):
                ti.xcom_push(key=link.xcom_key, value=address_of_run(self.trigger_dag_id, run_id))
        raise DagRunTriggerException(
            trigger_dag_id=self.trigger_dag_id,
            dag_run_id=run_id,
            conf=conf,
            logical_date=logical_date,
            run_after=run_after,
            reset_dag_run=self.reset_dag_run,
            skip_when_already_exists=_is_true(self.skip_when_already_exists),
            wait_for_completion=_is_true(self.wait_for_completion),
            allowed_states=self.allowed_states,
            failed_states=self.failed_states,
            poke_interval=self.poke_interval,
            deferrable=self.deferrable,
            note=self.note,
        )

    def execute_complete(self, context: Context, event: UserValue) -> None:
        """Go on with what the trigger saw of the runs."""
        found = event[1]
        for run_id in found.get("run_ids") or ():
            state = found.get(run_id)
            if state in self.failed_states:
                raise AirflowException(
                    f"Run {run_id!r} of DAG {self.trigger_dag_id!r} has ended as {state}."
                )
            self.log.info("Run %s of DAG %s is %s", run_id, self.trigger_dag_id, state)

    def _conf(self) -> dict[str, UserValue] | None:
        """The run's conf; a template may give it as JSON text."""
        try:
            conf = json.loads(self.conf if isinstance(self.conf, str) else json.dumps(self.conf))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"conf parameter should be JSON Serializable (task {self.task_id!r}): {error}."
            ) from error
        return _as_dict(conf, self.task_id)

    def _dates(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """The run's logical date, and when it may start."""
        logical_date = _moment(self.logical_date, "logical_date", self.task_id)
        run_after = _moment(self.run_after, "run_after", self.task_id)
        if self.logical_date is NOTSET and self.run_after is NOTSET:
            logical_date = now
        return logical_date, run_after


def _moment(value: str | datetime | ArgNotSet | None, name: str, task_id: str) -> datetime | None:
    if value is None or isinstance(value, ArgNotSet):
        return None
    return aware(value, f"{name} of task {task_id!r}")


def _run_id(logical_date: datetime | None, run_after: datetime) -> str:
    if logical_date is not None:
        return f"manual__{logical_date.isoformat()}"
    return f"manual__{run_after.isoformat()}_{secrets.token_hex(4)}"


def _as_dict(conf: UserValue, task_id: str) -> dict[str, UserValue] | None:
    if conf is not None and not isinstance(conf, Mapping):
        raise TypeError(f"conf of task {task_id!r} is a {type(conf).__name__}; expected a mapping.")
    return None if conf is None else dict(conf)


def _checked(value: UserValue, name: str, task_id: str) -> str | datetime | ArgNotSet | None:
    if value is None or isinstance(value, ArgNotSet | str | datetime):
        return value
    raise TypeError(
        f"{name} of task {task_id!r} has to be a text, a datetime or None; {value!r} is a "
        f"{type(value).__name__}."
    )


def _is_true(value: bool | str) -> bool:
    """Whether it says yes; a template gives a text."""
    return value.strip().lower() in {"true", "1", "yes", "on"} if isinstance(value, str) else value
