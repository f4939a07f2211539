"""A sensor that waits for a day of the week."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipstream.sdk._types import UserValue
from slipstream.sdk._weekday import WeekDay, WeekDays, counts_by_run, moment_of
from slipstream.sdk.sensors.base import BaseSensorOperator

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class DayOfWeekSensor(BaseSensorOperator):
    """Waits until it is one of those days in UTC.

    `week_day` is a name, a `WeekDay`, or several of them. With `use_task_logical_date` the day of
    the run's logical date counts instead of today.
    """

    def __init__(
        self, *, week_day: WeekDays, use_task_logical_date: bool = False, **kwargs: UserValue
    ) -> None:
        by_run = counts_by_run(kwargs, use_task_logical_date)
        super().__init__(**kwargs)
        self.week_day = week_day
        self.use_task_logical_date = by_run
        self._week_day_num = WeekDay.validate_week_day(week_day)

    def poke(self, context: Context) -> bool:
        """Whether it is such a day."""
        return (
            moment_of(context, by_run=self.use_task_logical_date).isoweekday() in self._week_day_num
        )
