"""Sensors that wait for a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from slipstream.sdk._times import aware
from slipstream.sdk._triggers import StartTriggerArgs
from slipstream.sdk._types import UserValue
from slipstream.sdk.sensors.base import BaseSensorOperator
from slipstream.sdk.triggers.temporal import DateTimeTrigger

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

STARTS_AT_A_MOMENT = StartTriggerArgs(
    trigger_cls=f"{DateTimeTrigger.__module__}.{DateTimeTrigger.__qualname__}",
    trigger_kwargs={"moment": "", "end_from_trigger": False},
    next_method="execute_complete",
)
"""How a sensor begins in the triggerer; it knows the moment."""


class DateTimeSensor(BaseSensorOperator):
    """Waits until `target_time`, a datetime or a text (templates work) in ISO 8601."""

    template_fields: Sequence[str] = ("target_time",)

    def __init__(self, *, target_time: str | datetime, **kwargs: UserValue) -> None:
        super().__init__(**kwargs)
        if not isinstance(target_time, str | datetime):
            raise TypeError(
                f"target_time of sensor {self.task_id!r} has to be a text or a datetime; "
                f"{target_time!r} is a {type(target_time).__name__}."
            )
        self.target_time = target_time

    def poke(self, context: Context) -> bool:
        """Whether the moment has come."""
        self.log.info("Checking if the time (%s) has come", self.target_time)
        return datetime.now(UTC) > self._moment

    @property
    def _moment(self) -> datetime:
        """The time as a moment; text and times without a zone are of the default zone."""
        return aware(self.target_time, f"target_time of sensor {self.task_id!r}")


class DateTimeSensorAsync(DateTimeSensor):
    """Waits in the triggerer until `target_time`.

    With `start_from_trigger` it begins there, without a process of its own before, unless its time
    is a template; with `end_from_trigger` it ends there, without one afterwards.
    """

    start_trigger_args = STARTS_AT_A_MOMENT
    start_from_trigger = False

    def __init__(
        self,
        *,
        start_from_trigger: bool = False,
        end_from_trigger: bool = False,
        trigger_kwargs: dict[str, UserValue] | None = None,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(**kwargs)
        self.start_from_trigger = start_from_trigger
        self.end_from_trigger = end_from_trigger
        self.trigger_kwargs = trigger_kwargs
        if start_from_trigger:
            known = {"target_time": self.target_time, "end_from_trigger": end_from_trigger}
            self.start_trigger_args = replace(self.start_trigger_args, trigger_kwargs=known)

    def execute(self, context: Context) -> NoReturn:
        """Give the place back until then."""
        self.defer(
            trigger=DateTimeTrigger(self._moment, end_from_trigger=self.end_from_trigger),
            method_name="execute_complete",
        )

    def execute_complete(self, context: Context, event: UserValue = None) -> None:
        """The moment has come."""
