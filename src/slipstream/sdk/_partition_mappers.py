"""Which partition of a DAG a partition of an asset belongs to, as authors write it.

The rules are worked out by the scheduler, which runs no code of anybody's: these classes name them
(`as_json`), and `core.partition_mappers` knows what they mean. A class of one's own is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from enum import Enum
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from slipstream.model.json import JsonValue
from slipstream.sdk.exceptions import AirflowTimetableInvalid


class PartitionMapper:
    """The base of all mappers. `max_downstream_keys` limits what one event may belong to."""

    is_rollup: ClassVar[bool] = False

    def __init__(self, *, max_downstream_keys: int | None = None) -> None:
        if max_downstream_keys is not None and max_downstream_keys < 1:
            raise ValueError(
                f"max_downstream_keys has to be a whole number from 1 on, or None; it is "
                f"{max_downstream_keys!r}."
            )
        self.max_downstream_keys = max_downstream_keys

    def as_json(self) -> JsonValue:
        """The rule. Raises `AirflowTimetableInvalid` for a class of somebody's own."""
        known = type(self).__module__ == __name__
        if not known:
            raise AirflowTimetableInvalid(
                f"{type(self).__qualname__} is a partition mapper of its own. The scheduler runs "
                "no code of DAG files; put the mappers of airflow.sdk together instead, with "
                "ChainMapper and ProductMapper."
            )
        most = self.max_downstream_keys
        return {**self._rule(), **({} if most is None else {"most": most})}

    def _rule(self) -> dict[str, JsonValue]:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"


class IdentityMapper(PartitionMapper):
    """The same key."""

    def _rule(self) -> dict[str, JsonValue]:
        return {"is": "identity"}


class AllowedKeyMapper(PartitionMapper):
    """The same key, of those that are allowed; others start nothing."""

    def __init__(
        self, allowed_keys: Iterable[str], *, max_downstream_keys: int | None = None
    ) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.allowed_keys = list(allowed_keys)

    def _rule(self) -> dict[str, JsonValue]:
        return {"is": "allowed", "keys": [str(key) for key in self.allowed_keys]}


class FixedKeyMapper(PartitionMapper):
    """One key for all."""

    def __init__(self, downstream_key: str, *, max_downstream_keys: int | None = None) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        if not _is_key(downstream_key):
            raise ValueError(
                f"The downstream key has to be a text that is not empty; it is {downstream_key!r}."
            )
        self.downstream_key = downstream_key

    def _rule(self) -> dict[str, JsonValue]:
        return {"is": "fixed", "key": self.downstream_key}


class _StartOf(PartitionMapper):
    """The beginning of a period, of keys that are moments."""

    period: ClassVar[str]

    def __init__(
        self,
        *,
        max_downstream_keys: int | None = None,
        timezone: str | tzinfo = "UTC",
        input_format: str = "%Y-%m-%dT%H:%M:%S",
        output_format: str | None = None,
    ) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.timezone = timezone
        self.input_format = input_format
        self.output_format = output_format
        _check_zone(_zone_name(timezone))

    def _rule(self) -> dict[str, JsonValue]:
        rule: dict[str, JsonValue] = {
            "is": "start_of",
            "period": self.period,
            "timezone": _zone_name(self.timezone),
            "input_format": self.input_format,
        }
        return {**rule, "output_format": self.output_format} if self.output_format else rule


class StartOfHourMapper(_StartOf):
    """The hour: `2026-03-13T10`."""

    period = "hour"


class StartOfDayMapper(_StartOf):
    """The day: `2026-03-13`."""

    period = "day"


class StartOfWeekMapper(_StartOf):
    """The Monday of the week: `2026-03-09 (W11)`."""

    period = "week"


class StartOfMonthMapper(_StartOf):
    """The month: `2026-03`."""

    period = "month"


class StartOfQuarterMapper(_StartOf):
    """The quarter: `2026-Q1`."""

    period = "quarter"


class StartOfYearMapper(_StartOf):
    """The year: `2026`."""

    period = "year"


class _OfSeveral(PartitionMapper):
    def __init__(
        self,
        mapper0: PartitionMapper,
        mapper1: PartitionMapper,
        /,
        *mappers: PartitionMapper,
        max_downstream_keys: int | None = None,
    ) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.mappers = [_mapper(one) for one in (mapper0, mapper1, *mappers)]


class ChainMapper(_OfSeveral):
    """One mapper after the other."""

    def _rule(self) -> dict[str, JsonValue]:
        return {"is": "chain", "mappers": [one.as_json() for one in self.mappers]}


class ProductMapper(_OfSeveral):
    """Keys of several parts, `2026-03-13|eu`: each part has a mapper of its own."""

    def __init__(
        self,
        mapper0: PartitionMapper,
        mapper1: PartitionMapper,
        /,
        *mappers: PartitionMapper,
        delimiter: str = "|",
        max_downstream_keys: int | None = None,
    ) -> None:
        super().__init__(mapper0, mapper1, *mappers, max_downstream_keys=max_downstream_keys)
        self.delimiter = delimiter

    def _rule(self) -> dict[str, JsonValue]:
        listed = [one.as_json() for one in self.mappers]
        return {"is": "product", "mappers": listed, "delimiter": self.delimiter}


# ---------------------------------------------------------------------- windows


class Window:
    """What a partition consists of: the base of all windows."""

    class Direction(Enum):
        """Where the window lies."""

        FORWARD = "forward"
        """It begins with the partition."""
        BACKWARD = "backward"
        """It ends with the partition."""

    period: ClassVar[str | None] = None

    def __init__(self, *, direction: Direction | str = Direction.FORWARD) -> None:
        self.direction = self.Direction(direction)

    def as_json(self) -> JsonValue:
        """The window. Raises `AirflowTimetableInvalid` for a class of somebody's own."""
        if self.period is None or type(self).__module__ != __name__:
            raise AirflowTimetableInvalid(
                f"{type(self).__qualname__} is a window of its own. The scheduler runs no code of "
                "DAG files; use a window of airflow.sdk."
            )
        backward = self.direction is self.Direction.BACKWARD
        return {"period": self.period, **({"backward": True} if backward else {})}


class HourWindow(Window):
    """The sixty minutes of an hour."""

    period = "hour"


class DayWindow(Window):
    """The twenty-four hours of a day."""

    period = "day"


class WeekWindow(Window):
    """The seven days of a week."""

    period = "week"


class MonthWindow(Window):
    """The days of a month."""

    period = "month"


class QuarterWindow(Window):
    """The three months of a quarter."""

    period = "quarter"


class YearWindow(Window):
    """The twelve months of a year."""

    period = "year"


class SegmentWindow(Window):
    """A fixed set of keys."""

    def __init__(self, segments: Iterable[str]) -> None:
        super().__init__()
        listed = list(segments)
        wrong = [one for one in listed if not _is_key(one)]
        if wrong or not listed:
            raise ValueError(
                f"The segments of a SegmentWindow are texts that are not empty, and at least one; "
                f"found {wrong[0] if wrong else listed!r}."
            )
        self.segments = sorted(set(listed))

    def as_json(self) -> JsonValue:
        """The segments."""
        return {"segments": list(self.segments)}


# ---------------------------------------------------------------------- wait policies


class WaitPolicy:
    """When enough of a window is there: the base of the policies."""

    at_least: int | None = None

    def __repr__(self) -> str:
        shown = "" if self.at_least is None else str(self.at_least)
        return f"{type(self).__name__}({shown})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((type(self), self.at_least))


class WaitForAll(WaitPolicy):
    """When everything is there."""


class MinimumCount(WaitPolicy):
    """When so many are there; a negative number: when at most so many are missing."""

    def __init__(self, n: int) -> None:
        if n == 0:
            raise ValueError(
                f"MinimumCount needs a whole number other than 0; it is {n!r}. Use WaitForAll() to "
                "wait for everything."
            )
        self.n = self.at_least = n


class RollupMapper(PartitionMapper):
    """Many partitions of an asset into one of the DAG, which waits for them.

    `upstream_mapper` says which one, `window` what belongs to it, `wait_policy` how much of that
    must be there.
    """

    is_rollup: ClassVar[bool] = True

    def __init__(
        self,
        *,
        upstream_mapper: PartitionMapper,
        window: Window,
        wait_policy: WaitPolicy | None = None,
        max_downstream_keys: int | None = None,
    ) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.upstream_mapper = _mapper(upstream_mapper)
        self.window = _window(window)
        self.wait_policy = wait_policy or WaitForAll()
        _check_pair(self, upstream_mapper, window)

    def _rule(self) -> dict[str, JsonValue]:
        rule: dict[str, JsonValue] = {
            "is": "rollup",
            "upstream": self.upstream_mapper.as_json(),
            "window": self.window.as_json(),
        }
        at_least = self.wait_policy.at_least
        return rule if at_least is None else {**rule, "at_least": at_least}


_FIXED_ZONE = re.compile(r"[+-]\d{2}:?\d{2}")
"""A time zone that is a fixed distance from UTC."""

_MEMBERS: Mapping[type[Window], type[_StartOf]] = {
    DayWindow: StartOfHourMapper,
    WeekWindow: StartOfDayMapper,
    MonthWindow: StartOfDayMapper,
    QuarterWindow: StartOfMonthMapper,
    YearWindow: StartOfMonthMapper,
}
"""How the members of a window are written where nothing else is said."""


class FanOutMapper(PartitionMapper):
    """One partition of an asset into many of the DAG: a run for every member of the window."""

    def __init__(
        self,
        *,
        upstream_mapper: PartitionMapper,
        window: Window,
        downstream_mapper: PartitionMapper | None = None,
        max_downstream_keys: int | None = None,
    ) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.upstream_mapper = _mapper(upstream_mapper)
        self.window = _window(window)
        if downstream_mapper is None:
            if type(window) not in _MEMBERS:
                raise ValueError(
                    f"For a {type(window).__name__}, FanOutMapper has to be told the "
                    "downstream_mapper: it says how the members are written."
                )
            downstream_mapper = _MEMBERS[type(window)]()
        self.downstream_mapper = _mapper(downstream_mapper)

    def _rule(self) -> dict[str, JsonValue]:
        return {
            "is": "fan_out",
            "upstream": self.upstream_mapper.as_json(),
            "window": self.window.as_json(),
            "downstream": self.downstream_mapper.as_json(),
        }


def _is_key(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _mapper(value: object) -> PartitionMapper:
    if not isinstance(value, PartitionMapper):
        raise TypeError(f"Expected a partition mapper; {value!r} is a {type(value).__name__}.")
    return value


def _window(value: object) -> Window:
    if not isinstance(value, Window):
        raise TypeError(f"Expected a window; {value!r} is a {type(value).__name__}.")
    return value


def _check_pair(rollup: RollupMapper, mapper: PartitionMapper, window: Window) -> None:
    """A window of time needs a mapper to moments, one of segments a mapper to plain keys."""
    if isinstance(mapper, _StartOf) is isinstance(window, SegmentWindow):
        raise TypeError(
            f"{type(rollup).__name__}: a {type(window).__name__} does not go with a "
            f"{type(mapper).__name__}. Windows of time go with StartOf…Mapper, a SegmentWindow "
            "goes with the others."
        )
    at_least = rollup.wait_policy.at_least
    if isinstance(window, SegmentWindow) and at_least and at_least > len(window.segments):
        raise ValueError(
            f"MinimumCount({at_least}) is never reached: the window has "
            f"{len(window.segments)} segments."
        )


def _check_zone(name: str) -> None:
    if name.upper() == "UTC" or _FIXED_ZONE.fullmatch(name):
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"There is no time zone {name!r}.") from None


def _zone_name(timezone: str | tzinfo) -> str:
    if isinstance(timezone, str):
        return timezone
    for attribute in ("name", "key", "zone"):
        found = getattr(timezone, attribute, None)
        if isinstance(found, str):
            return found
    return str(timezone)
