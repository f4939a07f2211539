"""Sensors that wait for a time of day."""

from __future__ import annotations

from datetime import UTC, datetime, time
from functools import cached_property
from typing import TYPE_CHECKING

from slipstream.sdk._deferral import is_deferrable
from slipstream.sdk._times import default_timezone
from slipstream.sdk._triggers import StartTriggerArgs
from slipstream.sdk._types import UserValue
from slipstream.sdk.sensors.base import BaseSensorOperator
from slipstream.sdk.sensors.date_time import STARTS_AT_A_MOMENT
from slipstream.sdk.triggers.temporal import DateTimeTrigger

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class TimeSensor(BaseSensorOperator):
    """Waits until it is `target_time` in the DAG's time zone, on the day on which it starts.

    With `end_from_trigger` a deferrable one ends in the triggerer, without a process of its own
    afterwards. `start_from_trigger` is accepted; the first step is made by a process all the same.
    """

    start_trigger_args: StartTriggerArgs | None = STARTS_AT_A_MOMENT
    start_from_trigger = False

    def __init__(
        self,
        *,
        target_time: time,
        deferrable: bool | None = None,
        start_from_trigger: bool = False,
        end_from_trigger: bool = False,
        trigger_kwargs: dict[str, UserValue] | None = None,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(**kwargs)
        self.target_time = target_time
        self.deferrable = is_deferrable(deferrable)
        self.start_from_trigger = start_from_trigger
        if start_from_trigger:
            # The day is known when it starts, not when the file is loaded.
            self.start_trigger_args = None
        self.end_from_trigger = end_from_trigger
        self.trigger_kwargs = trigger_kwargs

    @cached_property
    def target_datetime(self) -> datetime:
        """The moment on this day, in UTC.

        It is settled when it is first asked for, for the file may have been loaded days ago.
        """
        zone = default_timezone() if self.dag is None else self.dag.timezone
        today = datetime.now(zone).date()
        return datetime.combine(today, self.target_time, tzinfo=zone).astimezone(UTC)

    def execute(self, context: Context) -> UserValue:
        """Wait, here or in the triggerer."""
        if self.deferrable:
            self.defer(
                trigger=DateTimeTrigger(
                    self.target_datetime, end_from_trigger=self.end_from_trigger
                ),
                method_name="execute_complete",
            )
        return super().execute(context)

    def execute_complete(self, context: Context, event: UserValue = None) -> None:
        """The time has come."""

    def poke(self, context: Context) -> bool:
        """Whether it is that late."""
        self.log.info("Checking if the time (%s) has come", self.target_datetime)
        return datetime.now(UTC) > self.target_datetime


class TimeSensorAsync(TimeSensor):
    """A `TimeSensor` that waits in the triggerer."""

    def __init__(self, **kwargs: UserValue) -> None:
        super().__init__(**{**kwargs, "deferrable": True})
