"""Going on after a deferral."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import (
    AirflowException,
    TaskDeferralError,
    TaskDeferralTimeout,
)

if TYPE_CHECKING:
    from slipstream.sdk._context import Context
    from slipstream.sdk._operator import BaseOperator

TRIGGER_FAIL_REPR = "__fail__"
"""The method name under which a trigger's failure is reported."""

TRIGGER_TIMEOUT_TEXT = "Trigger timeout"
"""What `error` says where the trigger did not fire in time."""


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
            raise TaskDeferralTimeout("The trigger did not fire in time.")
        raise TaskDeferralError(f"The trigger failed: {error}.")
    method = getattr(operator, method_name, None)
    if method is None:
        raise AirflowException(
            f"Task {operator.task_id!r} was to go on in {method_name!r}, which "
            f"{type(operator).__name__} does not have."
        )
    return method(context, **kwargs)


def is_deferrable(choice: bool | None) -> bool:
    """Whether to wait in the triggerer; None leaves it to `[operators] default_deferrable`."""
    if choice is not None:
        return choice
    from slipstream.sdk._conf import conf

    return conf.getboolean("operators", "default_deferrable", fallback=False)
