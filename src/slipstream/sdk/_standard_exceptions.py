"""What can go wrong with waiting for another DAG, or for people; the standard provider's names."""

from __future__ import annotations

from slipstream.sdk.exceptions import AirflowException


class AirflowExternalTaskSensorException(AirflowException):
    """The wait for another DAG has failed."""


class ExternalDagNotFoundError(AirflowExternalTaskSensorException):
    """There is no such DAG."""


class ExternalDagDeletedError(AirflowExternalTaskSensorException):
    """The DAG is gone."""


class ExternalTaskNotFoundError(AirflowExternalTaskSensorException):
    """The DAG has no such task."""


class ExternalTaskGroupNotFoundError(AirflowExternalTaskSensorException):
    """The DAG has no such group."""


class ExternalTaskFailedError(AirflowExternalTaskSensorException):
    """A task that was waited for has come to a failed state."""


class ExternalTaskGroupFailedError(AirflowExternalTaskSensorException):
    """A task of a group that was waited for has come to a failed state."""


class ExternalDagFailedError(AirflowExternalTaskSensorException):
    """A run that was waited for has come to a failed state."""


class DuplicateStateError(AirflowExternalTaskSensorException):
    """A state was given twice."""


class HITLTriggerEventError(Exception):
    """There is no answer of people that a task could go on with."""


class HITLTimeoutError(HITLTriggerEventError):
    """Nobody has answered in time, and there were no defaults."""


class HITLRejectException(AirflowException):
    """Somebody rejected what an `ApprovalOperator` with `fail_on_reject` asked to approve."""
