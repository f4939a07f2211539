"""Going on after a deferral."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from slipstream.model.deferral import TRIGGER_FAILED, StartTrigger
from slipstream.sdk._triggers import StartTriggerArgs
from slipstream.sdk._types import UserValue
from slipstream.sdk._values import encode_value
from slipstream.sdk.exceptions import (
    AirflowException,
    TaskDeferralError,
    TaskDeferralTimeout,
)

if TYPE_CHECKING:
    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._context import Context
    from slipstream.sdk._operator import BaseOperator

TRIGGER_FAIL_REPR = TRIGGER_FAILED
"""The method name under which a trigger's failure is reported."""

TRIGGER_TIMEOUT_TEXT = "Trigger timeout"
"""What `error` says where the trigger did not fire in time."""


def start_trigger_of(task: AbstractOperator) -> StartTrigger | None:
    """What the task waits on before it gets a process; None where it begins in one.

    As in Airflow a mapped task begins in its processes: its trigger's arguments are not known
    before. So does one whose arguments have templates: a process renders them.
    """
    arguments = getattr(task, "start_trigger_args", None)
    if not task.start_from_trigger or arguments is None:
        return None
    if not isinstance(arguments, StartTriggerArgs):
        raise AirflowException(
            f"Task {task.task_id!r} starts from a trigger, so its start_trigger_args must be "
            f"StartTriggerArgs; they are {arguments!r}."
        )
    is_mapped = not hasattr(task, "execute") or next(task.iter_mapped_task_groups(), None)
    if is_mapped or _has_template([arguments.trigger_kwargs, arguments.next_kwargs]):
        return None
    return StartTrigger(
        classpath=arguments.trigger_cls,
        kwargs=encode_value(arguments.trigger_kwargs or {}),
        next_method=arguments.next_method,
        next_kwargs=encode_value(arguments.next_kwargs or {}),
        timeout=arguments.timeout,
    )


def _has_template(value: object) -> bool:
    """Whether there is a Jinja expression or statement in any text of it."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        return any(map(_has_template, value.values()))
    return isinstance(value, list | tuple | set) and any(map(_has_template, value))


def resume(
    operator: BaseOperator, method_name: str, kwargs: Mapping[str, UserValue], context: Context
) -> UserValue:
    """Call the method that `defer` named, with what the trigger gave.

    Raises `TaskDeferralError` or `TaskDeferralTimeout` where the trigger failed.
    """
    if method_name == TRIGGER_FAIL_REPR:
        error = kwargs.get("error", "Unknown")
        for line in kwargs.get("traceback") or ():
            operator.log.error("%s", str(line).rstrip())
        if error == TRIGGER_TIMEOUT_TEXT:
            raise TaskDeferralTimeout(_late(operator.task_id, kwargs))
        raise TaskDeferralError(_failed(operator.task_id, kwargs))
    method = getattr(operator, method_name, None)
    if method is None:
        raise AirflowException(
            f"Task {operator.task_id!r} was to go on in {method_name!r}, which "
            f"{type(operator).__name__} does not have."
        )
    return method(context, **kwargs)


def _late(task_id: str, told: Mapping[str, UserValue]) -> str:
    given = told.get("given_seconds")
    limit = "" if given is None else f" It was given {_whole(given)} s."
    return f"{_trigger_of(task_id, told)} did not fire in time.{limit}"


def _whole(seconds: float) -> float:
    """Without the fraction that is lost until a wait of whole seconds is known to the scheduler."""
    return round(seconds) if seconds >= 1 else round(seconds, 3)


def _failed(task_id: str, told: Mapping[str, UserValue]) -> str:
    cause = told.get("cause") or told.get("error", "Unknown")
    return f"{_trigger_of(task_id, told)} failed: {str(cause).removesuffix('.')}."


def _trigger_of(task_id: str, told: Mapping[str, UserValue]) -> str:
    """A deferral that an older release has kept does not say which trigger it was."""
    trigger = told.get("trigger")
    return f"The trigger{'' if trigger is None else f' {trigger}'} of task {task_id!r}"


def is_deferrable(choice: bool | None) -> bool:
    """Whether to wait in the triggerer; None leaves it to `[operators] default_deferrable`."""
    if choice is not None:
        return choice
    from slipstream.sdk._conf import conf

    return conf.getboolean("operators", "default_deferrable", fallback=False)
