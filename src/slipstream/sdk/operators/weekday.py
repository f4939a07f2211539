"""An operator that goes on by the day of the week."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from slipstream.sdk._types import UserValue
from slipstream.sdk._weekday import WeekDay, WeekDays, counts_by_run, moment_of
from slipstream.sdk.operators.branch import BaseBranchOperator

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class BranchDayOfWeekOperator(BaseBranchOperator):
    """Goes on with one set of tasks on some days of the week, and with another on the others.

    `week_day` is a name, a `WeekDay`, or several of them. The day is today's in the DAG's time
    zone, or in UTC that of the run's logical date with `use_task_logical_date`.
    """

    def __init__(
        self,
        *,
        follow_task_ids_if_true: str | Iterable[str],
        follow_task_ids_if_false: str | Iterable[str],
        week_day: WeekDays,
        use_task_logical_date: bool = False,
        **kwargs: UserValue,
    ) -> None:
        by_run = counts_by_run(kwargs, use_task_logical_date)
        super().__init__(**kwargs)
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.week_day = week_day
        self.use_task_logical_date = by_run
        self._week_day_num = WeekDay.validate_week_day(week_day)

    def choose_branch(self, context: Context) -> str | Iterable[str]:
        """The tasks for the day."""
        moment = moment_of(context, by_run=self.use_task_logical_date)
        if self.dag is not None and not self.use_task_logical_date:
            moment = moment.astimezone(self.dag.timezone)
        if moment.isoweekday() in self._week_day_num:
            return self.follow_task_ids_if_true
        return self.follow_task_ids_if_false
