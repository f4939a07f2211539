"""DAGs that run once for every partition of the assets that they wait for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

from slipstream.core.assets import is_met
from slipstream.core.partition_mappers import Asked, Identity, Mapper, mapper_of
from slipstream.model.asset import AssetName, AssetQueue, QueuedPartition
from slipstream.model.errors import InvalidInputError
from slipstream.model.json import JsonValue
from slipstream.model.schedule import OnAssets, Schedule

MOST_TARGETS = 1000
"""Partitions that one event may belong to, where neither mapper nor deployment say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyPartition:
    """A partition that everything is there for."""

    key: str
    date: datetime | None
    """The moment that it stands for; None for none, or where the assets do not agree."""
    entries: tuple[int, ...]
    """The entries of the queue that it takes up."""
    sources: tuple[str, ...]
    """The names of the assets behind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Entries of the queue, sorted into the DAG's partitions."""

    targets: Mapping[int, Sequence[str]]
    """`{entry: partitions}`; one without any is dropped."""
    problems: Sequence[str]
    """Why entries are dropped, a sentence each."""


@dataclass(frozen=True, slots=True)
class PartitionShare:
    """What has arrived of one asset for one partition of the DAG."""

    asset: AssetName
    target: str
    arrived: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldShare:
    """What the DAG's own mapper says of a share."""

    is_complete: bool
    moments: frozenset[datetime] = frozenset()
    """The moment that the partition stands for, as the mapper reads it; empty for none."""
    carried: frozenset[datetime] = frozenset()
    """Those of the producers' partitions, as far as the mapper passes them on."""


Told: TypeAlias = Mapping[PartitionShare, ToldShare]
"""What is known of assets whose mappers are code of a DAG file."""


def partitioning(schedule: Schedule) -> str:
    """The rules by which events are sorted, as text; empty where runs have no partition."""
    if not isinstance(schedule, OnAssets) or schedule.partitions is None:
        return ""
    return json.dumps(schedule.partitions, sort_keys=True)


def sort_entries(schedule: OnAssets, queue: AssetQueue, *, most: int = MOST_TARGETS) -> Sorted:
    """Find the partitions of those entries that have none, and whose mappers are known here."""
    mappers = _mappers(partitioning(schedule))
    targets: dict[int, Sequence[str]] = {}
    problems: list[str] = []
    for entry in queue.partitions:
        mapper = mappers.of(entry.asset)
        if entry.target_key is not None or isinstance(mapper, Asked):
            continue
        limit = mapper.most if mapper.most is not None else most
        try:
            targets[entry.pk] = distinct(mapper.targets(entry.source_key), limit)
        except (ValueError, TypeError) as error:
            targets[entry.pk] = []
            problems.append(starts_nothing(entry.source_key, entry.asset.name, error))
    return Sorted(targets=targets, problems=problems)


def distinct(keys: Iterable[str], most: int) -> Sequence[str]:
    """The partitions that an event belongs to, each once. Raises `ValueError` for too many."""
    found: dict[str, None] = {}
    for key in keys:
        found[key] = None
        if len(found) > most:
            # Nobody counts what may have no end.
            count = len(set(keys)) if isinstance(keys, Sequence) else f"more than {most}"
            raise ValueError(f"it belongs to {count} partitions, and at most {most} are allowed.")
    return list(found)


def starts_nothing(source_key: str, asset: str, why: object) -> str:
    """The sentence about an event that is dropped."""
    return f"The partition {source_key!r} of the asset {asset!r} starts nothing: {why}"


def to_ask(schedule: OnAssets, queue: AssetQueue, told: Told) -> Sequence[QueuedPartition]:
    """The entries that the DAG's own mappers have to be asked about: all of an asset of which there
    is one without a partition, or a share that nothing is told of."""
    mappers = _mappers(partitioning(schedule))
    if not mappers.has_asked:
        return ()
    asked = [entry for entry in queue.partitions if isinstance(mappers.of(entry.asset), Asked)]
    open_assets = {entry.asset for entry in asked if entry.target_key is None}
    open_assets |= {share.asset for share in shares(asked) if share not in told}
    return [entry for entry in asked if entry.asset in open_assets]


def shares(entries: Iterable[QueuedPartition]) -> Sequence[PartitionShare]:
    """What has arrived for each partition, asset by asset."""
    arrived: dict[tuple[AssetName, str], set[str]] = {}
    for entry in entries:
        if entry.target_key is not None:
            arrived.setdefault((entry.asset, entry.target_key), set()).add(entry.source_key)
    return [PartitionShare(*of, frozenset(keys)) for of, keys in arrived.items()]


_NOTHING_TOLD: Final[Told] = MappingProxyType({})


def ready_partitions(
    schedule: OnAssets, queue: AssetQueue, told: Told = _NOTHING_TOLD
) -> Sequence[ReadyPartition]:
    """The partitions that a run can be made for, those that have waited longest first."""
    mappers = _mappers(partitioning(schedule))
    groups: dict[str, list[QueuedPartition]] = {}
    for entry in queue.partitions:
        if entry.target_key is not None:
            groups.setdefault(entry.target_key, []).append(entry)
    ready = []
    for key, entries in groups.items():
        parts = shares(entries)
        complete = [share.asset for share in parts if mappers.complete(share, told)]
        if is_met(schedule.condition, complete, queue.members):
            ready.append(
                ReadyPartition(
                    key=key,
                    date=_date(mappers, key, entries, told),
                    entries=tuple(entry.pk for entry in entries),
                    sources=tuple(share.asset.name for share in parts),
                )
            )
    return ready


def endless_waits(schedule: OnAssets, queue: AssetQueue) -> Sequence[str]:
    """The partitions that can never be complete, a sentence each. Those whose mappers are asked
    elsewhere are not among them."""
    mappers = _mappers(partitioning(schedule))
    return [why for share in shares(queue.partitions) if (why := mappers.never_complete(share))]


def date_of_key(schedule: OnAssets, key: str) -> datetime | None:
    """The moment that a partition which somebody names stands for, if the mappers agree on one.

    Raises `InvalidInputError` for a key that a mapper cannot read.
    """
    mappers = _mappers(partitioning(schedule))
    try:
        moments = {mapper.moment(key) for mapper in mappers.all} - {None}
    except ValueError as error:
        raise InvalidInputError(
            f"The partition key {key!r} is none of this DAG's: {error}"
        ) from error
    return moments.pop() if len(moments) == 1 else None


class _Mappers:
    """The mapper of each asset."""

    def __init__(self, rules: JsonValue) -> None:
        given = rules if isinstance(rules, Mapping) else {}
        default = given.get("default")
        self._default: Mapper = Identity() if default is None else mapper_of(default)
        self._by: dict[tuple[str, str], Mapper] = {}
        listed = given.get("of")
        for one in listed if isinstance(listed, list | tuple) else ():
            if isinstance(one, Mapping):
                mapper = mapper_of(one.get("mapper"))
                for word in ("name", "uri"):
                    if one.get(word):
                        self._by[word, str(one[word])] = mapper

    def of(self, asset: AssetName) -> Mapper:
        """That of the asset's name, of its URI, or the default."""
        return self._by.get(("name", asset.name)) or self._by.get(("uri", asset.uri), self._default)

    @property
    def all(self) -> Sequence[Mapper]:
        """Every mapper that counts."""
        return [self._default, *self._by.values()]

    @property
    def has_asked(self) -> bool:
        """Whether any of them is code of a DAG file."""
        return any(isinstance(mapper, Asked) for mapper in self.all)

    def complete(self, share: PartitionShare, told: Told) -> bool:
        """Whether the asset has all that the partition needs of it."""
        mapper = self.of(share.asset)
        if isinstance(mapper, Asked):
            known = told.get(share)
            return known is not None and known.is_complete
        try:
            return mapper.is_complete(share.target, share.arrived)
        except ValueError:
            # A key that a window cannot be laid on is never complete.
            return False

    def never_complete(self, share: PartitionShare) -> str:
        """Why the partition waits for ever; empty where it need not, or where that is not known."""
        try:
            why = self.of(share.asset).never_complete(share.target)
        except ValueError as error:
            why = str(error).removesuffix(".")
        of = f"The partition {share.target!r} can never be complete by the asset"
        return why and f"{of} {share.asset.name!r}: {why}."


@lru_cache(maxsize=256)
def _mappers(rules: str) -> _Mappers:
    return _Mappers(json.loads(rules) if rules else None)


def _date(
    mappers: _Mappers, key: str, entries: Sequence[QueuedPartition], told: Told
) -> datetime | None:
    """The one moment that all assets' mappers read in the key; else what the producers carried."""
    moments: set[datetime | None] = set()
    carried: set[datetime | None] = set()
    for share in shares(entries):
        known = told.get(share)
        if known is not None:
            moments |= known.moments
            carried |= known.carried
            continue
        try:
            moments.add(mappers.of(share.asset).moment(key))
        except ValueError:
            return None
    for entry in entries:
        carried.add(mappers.of(entry.asset).carried(entry.source_date))
    for found in (moments - {None}, carried - {None}):
        if found:
            return found.pop() if len(found) == 1 else None
    return None
