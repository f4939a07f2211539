"""What user code raises to steer its task, and what the authoring API raises.

The names are Airflow's. All of them derive from `AirflowException`, which is a `SlipstreamError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from slipstream.model.errors import SlipstreamError

if TYPE_CHECKING:
    from slipstream.model.attempt import Watched
    from slipstream.sdk._types import UserValue


class AirflowException(SlipstreamError):
    """Root of the errors with Airflow's names. A task that raises it fails and may retry."""

    status_code = 500


class AirflowBadRequest(AirflowException):
    """What was asked for makes no sense."""

    status_code = 400


class AirflowNotFoundException(AirflowException, LookupError):
    """What was asked for does not exist."""

    status_code = 404


class AirflowConfigException(AirflowException):
    """A configuration key is missing or its value is not usable."""


class AirflowInternalRuntimeError(BaseException):
    """Something that no task may catch went wrong in the machinery around it."""


class AirflowOptionalProviderFeatureException(AirflowException):
    """A feature of a provider needs a package that is not installed."""


# ---------------------------------------------------------------------- how a task can end


class AirflowSkipException(AirflowException):
    """Raised by a task: skip me."""


class AirflowFailException(AirflowException):
    """Raised by a task: I failed, and trying again is of no use."""


class AirflowTaskTimeout(BaseException):
    """The task ran longer than its `execution_timeout`.

    Not an `Exception`, so that a task's own `except Exception` does not swallow it.
    """


class AirflowTaskTerminated(BaseException):
    """The task was told to end."""


class AirflowSensorTimeout(AirflowException):
    """A sensor waited longer than its `timeout`. It is not tried again."""


class AirflowRescheduleException(AirflowException):
    """Raised by a sensor: free my place and call me again at `reschedule_date`.

    Or sooner, when what is `watched` has come to an end.
    """

    def __init__(self, reschedule_date: datetime, watched: Watched | None = None) -> None:
        super().__init__(f"Task asked to run again at {reschedule_date.isoformat()}.")
        self.reschedule_date = reschedule_date
        self.watched = watched


class TaskDeferred(BaseException):
    """Raised by a task: free my place, wait on the trigger, then call `method_name`.

    Not an `Exception`, so that a task's own `except Exception` does not swallow it.
    """

    def __init__(
        self,
        *,
        trigger: UserValue,
        method_name: str,
        kwargs: Mapping[str, UserValue] | None = None,
        timeout: timedelta | int | float | None = None,
        queue: str | None = None,
    ) -> None:
        super().__init__()
        self.trigger = trigger
        self.method_name = method_name
        self.kwargs = dict(kwargs) if kwargs is not None else None
        self.timeout = timedelta(seconds=timeout) if isinstance(timeout, int | float) else timeout
        self.queue = queue

    def __repr__(self) -> str:
        return f"<TaskDeferred trigger={self.trigger!r} method={self.method_name}>"


class TaskAwaitingInput(BaseException):
    """Raised by a task that has asked people something (`upsert_hitl_detail`): free my place, wait
    for their answer, then call `method_name` with it as `event`.

    After `timeout` the task goes on with the defaults that it named, or is told that nobody has
    answered. Not an `Exception`, so that a task's own `except Exception` does not swallow it.
    """

    def __init__(
        self,
        *,
        method_name: str,
        kwargs: Mapping[str, UserValue] | None = None,
        timeout: timedelta | int | float | None = None,
    ) -> None:
        super().__init__()
        self.method_name = method_name
        self.kwargs = dict(kwargs) if kwargs is not None else None
        self.timeout = timedelta(seconds=timeout) if isinstance(timeout, int | float) else timeout

    def __repr__(self) -> str:
        return f"<TaskAwaitingInput method={self.method_name}>"


class TaskDeferralError(AirflowException):
    """The trigger that a task waited on failed."""


class TaskDeferralTimeout(TaskDeferralError):
    """The trigger that a task waited on did not fire in time."""


class DownstreamTasksSkipped(AirflowException):
    """Raised by a task: I succeeded, and these tasks below me are to be skipped.

    `tasks` holds task ids, or `(task_id, map_index)` pairs.
    """

    def __init__(self, *, tasks: Sequence[str | tuple[str, int]]) -> None:
        super().__init__(f"Skip {', '.join(map(str, tasks)) or 'nothing'}.")
        self.tasks = tuple(tasks)


class DagRunTriggerException(AirflowException):
    """Raised by a task: start a run of another DAG, then finish or wait as told."""

    def __init__(
        self,
        *,
        trigger_dag_id: str,
        dag_run_id: str,
        conf: Mapping[str, UserValue] | None,
        logical_date: datetime | None = None,
        reset_dag_run: bool = False,
        skip_when_already_exists: bool = False,
        wait_for_completion: bool = False,
        allowed_states: Sequence[str] = ("success",),
        failed_states: Sequence[str] = ("failed",),
        poke_interval: int = 60,
        deferrable: bool = False,
        fail_when_dag_is_paused: bool = False,
        note: str | None = None,
        run_after: datetime | None = None,
    ) -> None:
        super().__init__(f"Start run {dag_run_id!r} of DAG {trigger_dag_id!r}.")
        self.trigger_dag_id = trigger_dag_id
        self.dag_run_id = dag_run_id
        self.conf = dict(conf or {})
        self.logical_date = logical_date
        self.reset_dag_run = reset_dag_run
        self.skip_when_already_exists = skip_when_already_exists
        self.wait_for_completion = wait_for_completion
        self.allowed_states = list(allowed_states)
        self.failed_states = list(failed_states)
        self.poke_interval = poke_interval
        self.deferrable = deferrable
        self.fail_when_dag_is_paused = fail_when_dag_is_paused
        self.note = note
        self.run_after = run_after


# ---------------------------------------------------------------------- what is wrong with a DAG


class AirflowDagInconsistent(AirflowException):
    """The parts of a DAG do not fit together."""


class AirflowDagCycleException(AirflowException):
    """The tasks of a DAG wait for each other in a circle."""


class AirflowDagDuplicatedIdException(AirflowException):
    """Two DAGs have the same id."""


class DuplicateTaskIdFound(AirflowException):
    """Two tasks or groups of a DAG have the same id."""


class TaskAlreadyInTaskGroup(AirflowException):
    """A task cannot be in two groups."""

    def __init__(self, task_id: str, existing_group_id: str | None, new_group_id: str) -> None:
        found = repr(existing_group_id) if existing_group_id else "the DAG's own group"
        super().__init__(
            f"Task {task_id!r} is in {found} already; it cannot be added to {new_group_id!r} too."
        )
        self.task_id = task_id
        self.existing_group_id = existing_group_id
        self.new_group_id = new_group_id


class FailFastDagInvalidTriggerRule(AirflowException):
    """A DAG with `fail_fast=True` has a task with another rule than `all_success`."""


class AirflowTimetableInvalid(AirflowException, ValueError):
    """A schedule cannot be understood."""


class AirflowFileParseException(AirflowException):
    """A file with connections or variables cannot be read."""


class AirflowClusterPolicyViolation(AirflowException):
    """The deployment's own rules refuse this DAG."""


class AirflowClusterPolicySkipDag(AirflowException):
    """The deployment's own rules leave this DAG out."""


class AirflowClusterPolicyError(AirflowException):
    """The deployment's own rules failed themselves."""


class ParamValidationError(AirflowException, ValueError):
    """A param's value does not fit its schema; the message names the param."""


class XComForMappingNotPushed(AirflowException, TypeError):
    """A task is mapped over what another one returned, and that was nothing."""


class UnmappableXComTypePushed(AirflowException, TypeError):
    """Something was pushed for a mapped task that cannot be mapped over."""


class UnmappableXComLengthPushed(AirflowException, ValueError):
    """More was pushed for a mapped task than `[core] max_map_length` allows."""


class SerializationError(AirflowException, ValueError):
    """A value of a DAG cannot be written down."""


class DeserializingResultError(AirflowException, ValueError):
    """A stored value cannot be read back."""


# ---------------------------------------------------------------------- what is not there


class DagNotFound(AirflowNotFoundException):
    """There is no such DAG."""


class DagRunNotFound(AirflowNotFoundException):
    """There is no such run."""


class DagRunAlreadyExists(AirflowBadRequest):
    """There is a run of that id or date already."""


class TaskNotFound(AirflowNotFoundException):
    """The DAG has no such task."""


class TaskInstanceNotFound(AirflowNotFoundException):
    """The run has no such task instance."""


class NodeNotFound(AirflowNotFoundException):
    """The DAG has neither a task nor a group of that id."""


class PoolNotFound(AirflowNotFoundException):
    """There is no such pool."""


class TaskAlreadyRunningError(AirflowException):
    """The task instance is running already."""


class AirflowInactiveAssetInInletOrOutletException(AirflowException):
    """A task refers to an asset that is not in use."""


class ErrorType(StrEnum):
    """What kind of thing an `AirflowRuntimeError` is about."""

    CONNECTION_NOT_FOUND = "CONNECTION_NOT_FOUND"
    VARIABLE_NOT_FOUND = "VARIABLE_NOT_FOUND"
    XCOM_NOT_FOUND = "XCOM_NOT_FOUND"
    ASSET_NOT_FOUND = "ASSET_NOT_FOUND"
    DAGRUN_ALREADY_EXISTS = "DAGRUN_ALREADY_EXISTS"
    GENERIC_ERROR = "GENERIC_ERROR"


class AirflowRuntimeError(AirflowException):
    """A question of the task to the outside was answered by a no."""

    def __init__(self, error: ErrorType, message: str) -> None:
        super().__init__(message)
        self.error = error


class VariableNotFoundError(AirflowRuntimeError, KeyError):
    """There is no such variable, and no default was given."""

    def __init__(self, key: str) -> None:
        super().__init__(
            ErrorType.VARIABLE_NOT_FOUND,
            f"Variable {key!r} does not exist. Set it with `slipstream variables set {key} VALUE`, "
            f"as AIRFLOW_VAR_{key.upper()} in the environment, or pass default=.",
        )
        self.key = key

    def __str__(self) -> str:  # KeyError's own would show the repr of the message
        return str(self.args[0])


class XComNotFound(AirflowException, LookupError):
    """A task instance did not push that key."""

    def __init__(self, dag_id: str, task_id: str, key: str) -> None:
        super().__init__(
            f"There is no XCom {key!r} of task {task_id!r} of DAG {dag_id!r} in this run. "
            f"Did the task push it, and is it upstream of this one?"
        )
        self.dag_id = dag_id
        self.task_id = task_id
        self.key = key


# ---------------------------------------------------------------------- warnings


class AirflowProviderDeprecationWarning(DeprecationWarning):
    """A provider package will drop this."""

    deprecated_provider_since: str | None = None


class RemovedInAirflow3Warning(DeprecationWarning):
    """Airflow 3 has no such thing any more; here it still works."""

    deprecated_since: str | None = None


class RemovedInAirflow4Warning(DeprecationWarning):
    """Airflow 4 will have no such thing any more."""

    deprecated_since: str | None = None


class AirflowContextDeprecationWarning(RemovedInAirflow3Warning):
    """A key of the task context that Airflow 3 has no more; here it still works."""
