"""The wall-clock times of a cron expression that is the same in every week.

Most are: daily, hourly, on Mondays. To go from one of their times to the next, as croniter has read
them, is a search in a sorted list, and twenty times as quick as asking it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

_ANY = ["*"]
_HOUR = 60
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Week:
    """On which days, and when on each of them. Neither is empty."""

    weekdays: frozenset[int]
    """0 is Monday."""
    minutes: Sequence[int]
    """Minutes after midnight, in order."""

    @classmethod
    def of(cls, fields: Sequence[Sequence[int | str]], special: object) -> Self | None:
        """From fields as croniter has expanded them; None for one that asks for more than five
        fields, days of the month, months, or `special` weekdays."""
        if len(fields) != 5 or special or [*fields[2]] != _ANY or [*fields[3]] != _ANY:
            return None
        values = [_values(field, top) for field, top in zip(fields, _TOPS, strict=True)]
        if not all(values):
            return None
        minutes, hours, _, _, weekdays = values
        return cls(
            frozenset((day - 1) % 7 for day in weekdays),
            tuple(sorted({hour * _HOUR + minute for hour in hours for minute in minutes})),
        )

    def after(self, wall: datetime) -> datetime:
        """The first time after this one."""
        midnight = datetime(wall.year, wall.month, wall.day)  # noqa: DTZ001 - of no zone yet
        if midnight.weekday() in self.weekdays:
            at = bisect_right(self.minutes, wall.hour * _HOUR + wall.minute)
            if at < len(self.minutes):
                return midnight + timedelta(minutes=self.minutes[at])
        midnight += _DAY
        while midnight.weekday() not in self.weekdays:
            midnight += _DAY
        return midnight + timedelta(minutes=self.minutes[0])

    def before(self, wall: datetime) -> datetime:
        """The last time before this one."""
        midnight = datetime(wall.year, wall.month, wall.day)  # noqa: DTZ001 - of no zone yet
        if midnight.weekday() in self.weekdays:
            is_later = bool(wall.second or wall.microsecond)
            at = bisect_left(self.minutes, wall.hour * _HOUR + wall.minute + is_later)
            if at:
                return midnight + timedelta(minutes=self.minutes[at - 1])
        midnight -= _DAY
        while midnight.weekday() not in self.weekdays:
            midnight -= _DAY
        return midnight + timedelta(minutes=self.minutes[-1])


_TOPS = (60, 24, 32, 13, 7)


def _values(field: Sequence[int | str], top: int) -> set[int]:
    """The numbers of a field; none where it holds anything else."""
    if [*field] == _ANY:
        return set(range(top))
    numbers = {value for value in field if isinstance(value, int)}
    return numbers if len(numbers) == len({*field}) else set()
