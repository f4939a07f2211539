"""Sensors that wait for some time to go by."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from slipstream.sdk._deferral import is_deferrable
from slipstream.sdk._types import UserValue
from slipstream.sdk.sensors.base import BaseSensorOperator
from slipstream.sdk.triggers.temporal import DateTimeTrigger, TimeDeltaTrigger

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class TimeDeltaSensor(BaseSensorOperator):
    """Waits until `delta` after the end of the run's data interval.

    A run without one counts from when it was due. A number, also one that a template gives, is
    minutes. With `end_from_trigger` a deferrable one ends in the triggerer.
    """

    template_fields: Sequence[str] = ("delta",)

    def __init__(
        self,
        *,
        delta: timedelta | int,
        deferrable: bool | None = None,
        end_from_trigger: bool = False,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(**kwargs)
        self.delta = delta
        self.deferrable = is_deferrable(deferrable)
        self.end_from_trigger = end_from_trigger

    def poke(self, context: Context) -> bool:
        """Whether that much time has gone by."""
        moment = self._moment(context)
        self.log.info("Checking if the time (%s) has come", moment)
        return datetime.now(UTC) > moment

    def execute(self, context: Context) -> UserValue:
        """Wait, here or in the triggerer."""
        moment = self._moment(context)
        if not self.deferrable:
            return super().execute(context)
        if datetime.now(UTC) <= moment:
            self.defer(
                trigger=DateTimeTrigger(moment, end_from_trigger=self.end_from_trigger),
                method_name="execute_complete",
                timeout=self.timeout,
            )
        return True

    def execute_complete(self, context: Context, event: UserValue = None) -> None:
        """The time has gone by."""

    def _moment(self, context: Context) -> datetime:
        run = context["dag_run"]
        begin: datetime = run.data_interval_end or run.run_after
        return begin + self._resolve_delta()

    def _resolve_delta(self) -> timedelta:
        return as_minutes(self.delta)


class TimeDeltaSensorAsync(TimeDeltaSensor):
    """A `TimeDeltaSensor` that waits in the triggerer."""

    def __init__(
        self, *, end_from_trigger: bool = False, delta: timedelta | int, **kwargs: UserValue
    ) -> None:
        kwargs["deferrable"] = True
        super().__init__(delta=delta, end_from_trigger=end_from_trigger, **kwargs)


class WaitSensor(BaseSensorOperator):
    """Waits for `time_to_wait` from its own start on. A number is minutes."""

    template_fields: Sequence[str] = ("time_to_wait",)

    def __init__(
        self, time_to_wait: timedelta | int, deferrable: bool | None = None, **kwargs: UserValue
    ) -> None:
        super().__init__(**kwargs)
        self.time_to_wait = time_to_wait
        self.deferrable = is_deferrable(deferrable)

    def execute(self, context: Context) -> None:
        """Wait, here or in the triggerer."""
        wait = self._resolve_time_to_wait()
        if self.deferrable:
            self.defer(
                trigger=TimeDeltaTrigger(wait, end_from_trigger=True),
                method_name="execute_complete",
            )
        time.sleep(max(0.0, wait.total_seconds()))

    def execute_complete(self, context: Context, event: UserValue = None) -> None:
        """The time has gone by."""

    def _resolve_time_to_wait(self) -> timedelta:
        return as_minutes(self.time_to_wait)


def as_minutes(value: timedelta | int | str) -> timedelta:
    """A duration; a number, or the text of one, is whole minutes."""
    return value if isinstance(value, timedelta) else timedelta(minutes=int(value))
