"""The days of the week, as numbers from Monday (1) to Sunday (7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Self, TypeAlias

from slipstream.sdk._former_arguments import take_former
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class WeekDay(IntEnum):
    """A day of the week by its ISO number."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7

    @classmethod
    def get_weekday_number(cls, week_day_str: str) -> Self:
        """The day of that English name. Raises `AttributeError` for another text."""
        try:
            return cls[week_day_str.strip().upper()]
        except KeyError:
            raise AttributeError(
                f'Invalid Week Day passed: "{week_day_str}"; expected one of '
                f"{', '.join(day.name.capitalize() for day in cls)}."
            ) from None

    @classmethod
    def convert(cls, day: str | WeekDay) -> int:
        """The day (an integer) of that name; a day is itself."""
        return cls.get_weekday_number(day) if isinstance(day, str) else day

    @classmethod
    def validate_week_day(cls, week_day: WeekDays) -> set[int]:
        """The numbers of one day or of several, given as days or as names.

        Raises `AttributeError` for a name that is none, `TypeError` for anything else.
        """
        if isinstance(week_day, str | WeekDay):
            return {cls.convert(week_day)}
        if not isinstance(week_day, Iterable):
            raise TypeError(
                f"week_day has to be a name, a WeekDay, or several of them; {week_day!r} is a "
                f"{type(week_day).__name__}."
            )
        found = set()
        for day in week_day:
            if not isinstance(day, str | WeekDay):
                raise TypeError(
                    f"week_day holds {day!r}, a {type(day).__name__}; expected names or WeekDays."
                )
            found.add(cls.convert(day))
        return found


WeekDays: TypeAlias = str | WeekDay | Iterable[str] | Iterable[WeekDay]
"""What an author may give."""


def counts_by_run(kwargs: dict[str, UserValue], use_task_logical_date: bool) -> bool:
    """Whether the day of the run's logical date counts, by whatever name it was asked for."""
    asked: bool = take_former(
        kwargs,
        "use_task_logical_date",
        use_task_logical_date,
        "use_task_execution_day",
        "use_task_execution_date",
    )
    return asked


def moment_of(context: Context, *, by_run: bool) -> datetime:
    """Now, or `by_run` the run's logical date (without one, when it was due); in UTC."""
    if not by_run:
        return datetime.now(UTC)
    run = context["dag_run"]
    moment: datetime = run.logical_date or run.run_after
    return moment.astimezone(UTC)
