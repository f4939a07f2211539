"""An operator that goes on by the time of day or the date."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, TypeAlias

from slipstream.sdk._former_arguments import take_former
from slipstream.sdk._types import UserValue
from slipstream.sdk._weekday import moment_of
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.operators.branch import BaseBranchOperator

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

Bound: TypeAlias = datetime | time | None
"""One end of the window: a moment, a time of day, or no end."""


class BranchDateTimeOperator(BaseBranchOperator):
    """Goes on with one set of tasks inside a window of time, and with another outside of it.

    Ends without a zone are of the DAG's. A time of day counts on the day that it is in UTC; where
    the upper end is then the earlier one, the window ends a day later. The moment is now, or the
    run's logical date with `use_task_logical_date`.
    """

    def __init__(
        self,
        *,
        follow_task_ids_if_true: str | Iterable[str],
        follow_task_ids_if_false: str | Iterable[str],
        target_lower: Bound,
        target_upper: Bound,
        use_task_logical_date: bool = False,
        **kwargs: UserValue,
    ) -> None:
        by_run = take_former(
            kwargs, "use_task_logical_date", use_task_logical_date, "use_task_execution_date"
        )
        super().__init__(**kwargs)
        if target_lower is None and target_upper is None:
            raise AirflowException(
                f"Task {self.task_id!r} has neither target_lower nor target_upper; give at least "
                f"one of them."
            )
        self.target_lower = target_lower
        self.target_upper = target_upper
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.use_task_logical_date: bool = by_run

    def choose_branch(self, context: Context) -> str | Iterable[str]:
        """The tasks for the moment."""
        moment = moment_of(context, by_run=self.use_task_logical_date)
        zone = UTC if self.dag is None else self.dag.timezone
        ends = target_times_as_dates(moment, self.target_lower, self.target_upper)
        lower, upper = (_in_zone(end, zone) for end in ends)
        inside = (lower is None or lower <= moment) and (upper is None or moment <= upper)
        return self.follow_task_ids_if_true if inside else self.follow_task_ids_if_false


def target_times_as_dates(
    base_date: datetime, lower: Bound, upper: Bound
) -> tuple[datetime | None, datetime | None]:
    """The window around a day: times of day become moments of it."""
    if isinstance(lower, datetime) and isinstance(upper, datetime):
        return lower, upper
    start, end = (
        datetime.combine(base_date, bound) if isinstance(bound, time) else bound
        for bound in (lower, upper)
    )
    if start is not None and end is not None and _wall(end) < _wall(start):
        end += timedelta(days=1)
    return start, end


def _wall(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _in_zone(moment: datetime | None, zone: tzinfo | None) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=zone)
