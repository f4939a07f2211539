"""Which partition of a DAG an event's partition belongs to.

A mapper is JSON in the DAG's schedule, `{"is": word, …}`; `mapper_of` makes it work. The words are
those of the classes below, in `_KINDS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime

from slipstream.core.partition_periods import (
    FORMATS,
    Period,
    members_of,
    read,
    start_of,
    written,
    zone,
)
from slipstream.model.errors import InvalidInputError
from slipstream.model.json import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapper(ABC):
    """Gives the keys that an event's key belongs to. Raises `ValueError` for one it cannot read."""

    most: int | None = None
    """How many keys an event may belong to; None leaves it to the deployment."""

    @abstractmethod
    def targets(self, key: str) -> Sequence[str]:
        """The DAG's partitions."""

    def moment(self, target: str) -> datetime | None:
        """The moment that a partition of the DAG stands for, if for any."""
        del target
        return None

    def carried(self, source_date: datetime | None) -> datetime | None:
        """The moment of the producer's partition, where it is the DAG's as well."""
        del source_date
        return None

    def is_complete(self, target: str, arrived: Set[str]) -> bool:
        """Whether these partitions of an asset are what the DAG's partition waits for."""
        del target
        return bool(arrived)

    def never_complete(self, target: str) -> str:
        """Why the DAG's partition waits for ever, whatever arrives; empty where it need not."""
        del target
        return ""

    def start(self, target: str) -> datetime | str:
        """What a window is laid on: the beginning of the partition, or its key."""
        return target

    def source_of(self, member: datetime | str) -> str:
        """A member of a window as the producer writes it."""
        return str(member)

    def written(self, member: datetime | str) -> str:
        """A member of a window as the key of a partition of the DAG."""
        return member.isoformat() if isinstance(member, datetime) else member


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Mapper):
    """The key itself."""

    def targets(self, key: str) -> Sequence[str]:
        """The key."""
        return [key]

    def carried(self, source_date: datetime | None) -> datetime | None:
        """The producer's: the partition is the same."""
        return source_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed(Mapper):
    """The key itself, of a few that are allowed."""

    keys: tuple[str, ...]

    def targets(self, key: str) -> Sequence[str]:
        """The key."""
        if key not in self.keys:
            raise ValueError(f"The partition key {key!r} is none of {', '.join(self.keys)}.")
        return [key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(Mapper):
    """Always the same key."""

    key: str

    def targets(self, key: str) -> Sequence[str]:
        """The one key."""
        del key
        return [self.key]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOf(Mapper):
    """The beginning of the hour, day … that the key is in."""

    period: Period
    timezone: str = "UTC"
    input_format: str = "%Y-%m-%dT%H:%M:%S"
    output_format: str = ""

    @property
    def _format(self) -> str:
        return self.output_format or FORMATS[self.period]

    def targets(self, key: str) -> Sequence[str]:
        """The beginning, written by the output format."""
        moment = read(key, self.input_format)
        here = zone(self.timezone)
        moment = moment.replace(tzinfo=here) if moment.tzinfo is None else moment.astimezone(here)
        return [self.written(start_of(self.period, moment))]

    def moment(self, target: str) -> datetime | None:
        """The beginning."""
        start = start_of(self.period, self.start(target))
        if start.tzinfo is None:
            start = start.replace(tzinfo=zone(self.timezone))
        return start.astimezone(UTC)

    def start(self, target: str) -> datetime:
        """The beginning, by the wall clock of the time zone unless the key tells another."""
        return read(target, self._format)

    def source_of(self, member: datetime | str) -> str:
        """The member by the input format, in the time zone."""
        if isinstance(member, str):
            return member
        here = zone(self.timezone)
        at = member.replace(tzinfo=here) if member.tzinfo is None else member.astimezone(here)
        return written(at, self.input_format)

    def written(self, member: datetime | str) -> str:
        """The member by the output format."""
        return member if isinstance(member, str) else written(member, self._format)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Mapper):
    """Keys of several parts, each mapped by its own."""

    mappers: tuple[Mapper, ...]
    delimiter: str = "|"

    def targets(self, key: str) -> Sequence[str]:
        """The parts, mapped and put together again."""
        parts = key.split(self.delimiter)
        if len(parts) != len(self.mappers):
            raise ValueError(
                f"The partition key {key!r} has {len(parts)} parts between "
                f"{self.delimiter!r}; {len(self.mappers)} were expected."
            )
        found = []
        for mapper, part in zip(self.mappers, parts, strict=True):
            targets = mapper.targets(part)
            if len(targets) != 1:
                raise ValueError(f"A part of {key!r} belongs to {len(targets)} partitions, not 1.")
            found.append(targets[0])
        return [self.delimiter.join(found)]

    def moment(self, target: str) -> datetime | None:
        """That of the one part that stands for one."""
        parts = target.split(self.delimiter)
        if len(parts) != len(self.mappers):
            return None
        moments = [m.moment(part) for m, part in zip(self.mappers, parts, strict=True)]
        known = [moment for moment in moments if moment is not None]
        return known[0] if len(known) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain(Mapper):
    """One mapper after the other."""

    mappers: tuple[Mapper, ...]

    def targets(self, key: str) -> Sequence[str]:
        """What the last one gives."""
        keys = [key]
        for mapper in self.mappers:
            keys = [target for one in keys for target in mapper.targets(one)]
        return keys

    def moment(self, target: str) -> datetime | None:
        """That of the last one."""
        return self.mappers[-1].moment(target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The members of a partition: those of a period, or a fixed set of keys."""

    period: Period | None = None
    backward: bool = False
    segments: tuple[str, ...] = ()

    def members(self, start: datetime | str) -> Sequence[datetime | str]:
        """What belongs to the partition that begins there."""
        if self.period is None:
            return self.segments
        if not isinstance(start, datetime):
            raise ValueError(f"{start!r} is no moment that a {self.period.value} could begin at.")
        return members_of(self.period, start, backward=self.backward)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup(Mapper):
    """Many partitions of the producer into one; it waits for them as the policy says."""

    upstream: Mapper
    window: Window
    at_least: int | None = None
    """So many of them; negative: all but so many; None: all."""

    def targets(self, key: str) -> Sequence[str]:
        """The partition that the event's belongs to."""
        return self.upstream.targets(key)

    def moment(self, target: str) -> datetime | None:
        """The beginning."""
        return self.upstream.moment(target)

    def is_complete(self, target: str, arrived: Set[str]) -> bool:
        """Whether enough of the window has arrived."""
        expected = self.expected(target)
        there = len(expected & arrived)
        if self.at_least is None:
            return there == len(expected)
        if self.at_least > 0:
            return there >= self.at_least
        return there >= max(0, len(expected) + self.at_least)

    def never_complete(self, target: str) -> str:
        """That more is wanted than the window has."""
        most = len(self.expected(target))
        if self.at_least is None or self.at_least <= most:
            return ""
        return (
            f"its wait policy wants {self.at_least} keys, and the window has {most}. Give "
            f"MinimumCount at most {most}"
        )

    def expected(self, target: str) -> Set[str]:
        """The producer's keys that the window consists of."""
        members = self.window.members(self.upstream.start(target))
        return {self.upstream.source_of(member) for member in members}


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOut(Mapper):
    """One partition of the producer into many: those of a window that begins with it."""

    upstream: Mapper
    window: Window
    downstream: Mapper

    def targets(self, key: str) -> Sequence[str]:
        """The members of the window, as the downstream mapper writes them."""
        coarse = self.upstream.targets(key)
        if len(coarse) != 1:
            raise ValueError(f"{key!r} belongs to {len(coarse)} partitions before it is fanned out")
        members = self.window.members(self.upstream.start(coarse[0]))
        return [self.downstream.written(member) for member in members]

    def moment(self, target: str) -> datetime | None:
        """That of the member."""
        return self.downstream.moment(target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Mapper):
    """One that is code of a DAG file, and asked in a process of it."""

    importable: str

    def targets(self, key: str) -> Sequence[str]:
        """Not known here."""
        raise ValueError(f"of {key!r}, {self.importable} has to be asked: it is a DAG file's code")


# ---------------------------------------------------------------------- from JSON


def mapper_of(plain: JsonValue) -> Mapper:
    """The mapper. Raises `InvalidInputError`."""
    if not isinstance(plain, Mapping) or plain.get("is") not in _KINDS:
        raise InvalidInputError(f"{plain!r} is no partition mapper; it is one of {[*_KINDS]}")
    arguments = {name: _argument(name, value) for name, value in plain.items() if name != "is"}
    return _KINDS[str(plain["is"])](**arguments)


_KINDS: Mapping[str, Callable[..., Mapper]] = {
    "identity": Identity,
    "allowed": Allowed,
    "fixed": Fixed,
    "start_of": StartOf,
    "product": Product,
    "chain": Chain,
    "rollup": Rollup,
    "fan_out": FanOut,
    "asked": Asked,
}


def _argument(name: str, value: JsonValue) -> object:
    match name:
        case "upstream" | "downstream":
            return mapper_of(value)
        case "mappers":
            return tuple(mapper_of(one) for one in value) if isinstance(value, list | tuple) else ()
        case "window":
            given = value if isinstance(value, Mapping) else {}
            segments = given.get("segments")
            return Window(
                period=Period(str(given["period"])) if "period" in given else None,
                backward=bool(given.get("backward")),
                segments=_texts(segments),
            )
        case "period":
            return Period(str(value))
        case "keys":
            return _texts(value)
        case _:
            return value


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else ()
