"""Partition mappers that are made of others: chains, products, and those of many into one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import ClassVar

from slipstream.model.json import JsonValue
from slipstream.sdk._partition_mappers import (
    PartitionMapper,
    StartOfDayMapper,
    StartOfHourMapper,
    StartOfMonthMapper,
)
from slipstream.sdk._partition_windows import (
    DayWindow,
    MonthWindow,
    QuarterWindow,
    SegmentWindow,
    WeekWindow,
    Window,
    YearWindow,
)
from slipstream.sdk._types import UserValue
from slipstream.sdk._wait_policies import WaitForAll, WaitPolicy


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

    @property
    def parts(self) -> Sequence[PartitionMapper]:
        """The mappers that it is made of."""
        return self.mappers


class ChainMapper(_OfSeveral):
    """One mapper after the other."""

    def to_downstream(self, key: str) -> str | Iterable[str]:
        """What the last one gives."""
        keys = [key]
        for mapper in self.mappers:
            keys = [target for one in keys for target in listed(mapper.to_downstream(one))]
        return keys

    def to_partition_date(self, downstream_key: str) -> datetime | None:
        """That of the last one."""
        return self.mappers[-1].to_partition_date(downstream_key)

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

    def to_downstream(self, key: str) -> str | Iterable[str]:
        """The parts, mapped and put together again. Raises `ValueError` for another number."""
        parts = key.split(self.delimiter)
        if len(parts) != len(self.mappers):
            raise ValueError(
                f"The partition key {key!r} has {len(parts)} parts between "
                f"{self.delimiter!r}; {len(self.mappers)} were expected."
            )
        found = []
        for mapper, part in zip(self.mappers, parts, strict=True):
            targets = listed(mapper.to_downstream(part))
            if len(targets) != 1:
                raise ValueError(f"A part of {key!r} belongs to {len(targets)} partitions, not 1.")
            found.append(targets[0])
        return self.delimiter.join(found)

    def to_partition_date(self, downstream_key: str) -> datetime | None:
        """That of the one part that stands for one."""
        parts = downstream_key.split(self.delimiter)
        if len(parts) != len(self.mappers):
            return None
        moments = [m.to_partition_date(part) for m, part in zip(self.mappers, parts, strict=True)]
        known = [moment for moment in moments if moment is not None]
        return known[0] if len(known) == 1 else None

    def _rule(self) -> dict[str, JsonValue]:
        return {
            "is": "product",
            "mappers": [one.as_json() for one in self.mappers],
            "delimiter": self.delimiter,
        }


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

    def to_downstream(self, key: str) -> str | Iterable[str]:
        """The partition that the asset's belongs to."""
        return self.upstream_mapper.to_downstream(key)

    def to_upstream(self, downstream_key: str) -> Set[str]:
        """The asset's partitions that the DAG's consists of."""
        mapper = self.upstream_mapper
        members = self.window.to_upstream(mapper.decode_downstream(downstream_key))
        return frozenset(mapper.encode_upstream(member) for member in members)

    def to_partition_date(self, downstream_key: str) -> datetime | None:
        """The beginning."""
        return self.upstream_mapper.to_partition_date(downstream_key)

    @property
    def parts(self) -> Sequence[PartitionMapper]:
        """The mapper below it."""
        return (self.upstream_mapper,)

    @property
    def is_known(self) -> bool:
        """Whether the scheduler knows what it, its window and its policy mean."""
        return super().is_known and self.window.is_known and self.wait_policy.is_known

    def _rule(self) -> dict[str, JsonValue]:
        rule: dict[str, JsonValue] = {
            "is": "rollup",
            "upstream": self.upstream_mapper.as_json(),
            "window": self.window.as_json(),
        }
        at_least = self.wait_policy.at_least
        return rule if at_least is None else {**rule, "at_least": at_least}


_MEMBERS: Mapping[type[Window], type[PartitionMapper]] = {
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

    def to_downstream(self, key: str) -> str | Iterable[str]:
        """The members of the window, as the downstream mapper writes them."""
        coarse = listed(self.upstream_mapper.to_downstream(key))
        if len(coarse) != 1:
            raise ValueError(f"{key!r} belongs to {len(coarse)} partitions before it is fanned out")
        members = self.window.to_upstream(self.upstream_mapper.decode_downstream(coarse[0]))
        write = getattr(self.downstream_mapper, "format", _written)
        return [write(member) for member in members]

    def to_partition_date(self, downstream_key: str) -> datetime | None:
        """That of the member."""
        return self.downstream_mapper.to_partition_date(downstream_key)

    @property
    def parts(self) -> Sequence[PartitionMapper]:
        """The mappers above and below the window."""
        return self.upstream_mapper, self.downstream_mapper

    @property
    def is_known(self) -> bool:
        """Whether the scheduler knows what it and its window mean."""
        return super().is_known and self.window.is_known

    def _rule(self) -> dict[str, JsonValue]:
        return {
            "is": "fan_out",
            "upstream": self.upstream_mapper.as_json(),
            "window": self.window.as_json(),
            "downstream": self.downstream_mapper.as_json(),
        }


def listed(keys: str | Iterable[str]) -> list[str]:
    """What `to_downstream` gave, as a list."""
    return [keys] if isinstance(keys, str) else list(keys)


def _written(member: UserValue) -> str:
    return member.isoformat() if isinstance(member, datetime) else str(member)


def _mapper(value: UserValue) -> PartitionMapper:
    if not isinstance(value, PartitionMapper):
        raise TypeError(f"Expected a partition mapper; {value!r} is a {type(value).__name__}.")
    return value


def _window(value: UserValue) -> Window:
    if not isinstance(value, Window):
        raise TypeError(f"Expected a window; {value!r} is a {type(value).__name__}.")
    return value


def _check_pair(rollup: RollupMapper, mapper: PartitionMapper, window: Window) -> None:
    """A window of time needs a mapper to moments, one of segments a mapper to plain keys."""
    if mapper.expected_decoded_type is not window.expected_decoded_type:
        raise TypeError(
            f"{type(rollup).__name__}: a {type(window).__name__} does not go with a "
            f"{type(mapper).__name__}. The window is made of "
            f"{window.expected_decoded_type.__name__} values, the mapper decodes to "
            f"{mapper.expected_decoded_type.__name__}; expected_decoded_type has to be the same. "
            "Windows of time go with StartOf…Mapper, a SegmentWindow goes with the others."
        )
    policy = rollup.wait_policy
    if isinstance(window, SegmentWindow) and policy.is_unreachable(len(window.segments)):
        raise ValueError(
            f"{policy!r} is never reached: the window has {len(window.segments)} segments."
        )
