"""What a partition consists of, as authors write it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from slipstream.model.json import JsonValue
from slipstream.sdk._own_code import import_path, is_key, is_ours
from slipstream.sdk._types import UserValue


class Window:
    """What a partition consists of: the base of all windows.

    One of one's own defines `to_upstream`, and `expected_decoded_type` where its members are no
    texts.
    """

    class Direction(StrEnum):
        """Where the window lies."""

        FORWARD = "forward"
        """It begins with the partition."""
        BACKWARD = "backward"
        """It ends with the partition."""

    period: ClassVar[str | None] = None
    expected_decoded_type: ClassVar[type] = str
    """What its members are: that of the mapper beside it has to be the same."""

    def __init__(self, *, direction: Direction | str = Direction.FORWARD) -> None:
        self.direction = self.Direction(direction)

    @property
    def is_known(self) -> bool:
        """Whether the scheduler knows what it means."""
        return is_ours(type(self))

    def to_upstream(self, decoded_downstream: UserValue) -> Iterable[UserValue]:
        """The members of the partition, as its mapper decodes them."""
        if self.period is None:
            raise NotImplementedError(f"{type(self).__name__} has to define to_upstream().")
        from slipstream.core.partition_periods import Period, members_of

        backward = self.direction is self.Direction.BACKWARD
        return members_of(Period(self.period), decoded_downstream, backward=backward)

    def as_json(self) -> JsonValue:
        """The window as data."""
        if self.period is None or not self.is_known:
            return {"class": import_path(type(self))}
        backward = self.direction is self.Direction.BACKWARD
        return {"period": self.period, **({"backward": True} if backward else {})}

    def serialize(self) -> dict[str, UserValue]:
        """What `deserialize` makes the same window from."""
        return {"direction": self.direction.value}

    @classmethod
    def deserialize(cls, data: dict[str, UserValue]) -> Window:
        """The window."""
        return cls(direction=cls.Direction(data["direction"]))


class _OfTime(Window):
    """One whose members are moments."""

    expected_decoded_type: ClassVar[type] = datetime


class HourWindow(_OfTime):
    """The sixty minutes of an hour."""

    period = "hour"


class DayWindow(_OfTime):
    """The twenty-four hours of a day."""

    period = "day"


class WeekWindow(_OfTime):
    """The seven days of a week."""

    period = "week"


class MonthWindow(_OfTime):
    """The days of a month."""

    period = "month"


class QuarterWindow(_OfTime):
    """The three months of a quarter."""

    period = "quarter"


class YearWindow(_OfTime):
    """The twelve months of a year."""

    period = "year"


class SegmentWindow(Window):
    """A fixed set of keys."""

    def __init__(self, segments: Iterable[str]) -> None:
        super().__init__()
        listed = list(segments)
        wrong = [one for one in listed if not is_key(one)]
        if wrong or not listed:
            raise ValueError(
                f"The segments of a SegmentWindow are texts that are not empty, and at least one; "
                f"found {wrong[0] if wrong else listed!r}."
            )
        self.segments = sorted(set(listed))

    def to_upstream(self, decoded_downstream: UserValue) -> Iterable[UserValue]:
        """The segments, of every partition."""
        del decoded_downstream
        return list(self.segments)

    def as_json(self) -> JsonValue:
        """The segments."""
        return {"segments": list(self.segments)} if self.is_known else super().as_json()

    def serialize(self) -> dict[str, UserValue]:
        """The segments."""
        return {"segments": list(self.segments)}

    @classmethod
    def deserialize(cls, data: dict[str, UserValue]) -> Window:
        """The window."""
        return cls(data["segments"])
