"""DAGs that run once for every partition of the assets that they wait for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from slipstream.core.assets import is_met
from slipstream.core.partition_mappers import Identity, Mapper, mapper_of
from slipstream.model.asset import AssetName, AssetQueue, QueuedPartition
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


def partitioning(schedule: Schedule) -> str:
    """The rules by which events are sorted, as text; empty where runs have no partition."""
    if not isinstance(schedule, OnAssets) or schedule.partitions is None:
        return ""
    return json.dumps(schedule.partitions, sort_keys=True)


def sort_entries(schedule: OnAssets, queue: AssetQueue, *, most: int = MOST_TARGETS) -> Sorted:
    """Find the partitions of those entries that have none."""
    mappers = _mappers(partitioning(schedule))
    targets: dict[int, Sequence[str]] = {}
    problems: list[str] = []
    for entry in queue.partitions:
        if entry.target_key is not None:
            continue
        mapper = mappers.of(entry.asset)
        try:
            found = list(dict.fromkeys(mapper.targets(entry.source_key)))
        except (ValueError, TypeError) as error:
            found = []
            problems.append(
                f"The partition {entry.source_key!r} of the asset {entry.asset.name!r} starts "
                f"nothing: {error}"
            )
        limit = mapper.most if mapper.most is not None else most
        if len(found) > limit:
            problems.append(
                f"The partition {entry.source_key!r} of the asset {entry.asset.name!r} starts "
                f"nothing: it belongs to {len(found)} partitions, and at most {limit} are allowed."
            )
            found = []
        targets[entry.pk] = found
    return Sorted(targets=targets, problems=problems)


def ready_partitions(schedule: OnAssets, queue: AssetQueue) -> Sequence[ReadyPartition]:
    """The partitions that a run can be made for, those that have waited longest first."""
    mappers = _mappers(partitioning(schedule))
    groups: dict[str, list[QueuedPartition]] = {}
    for entry in queue.partitions:
        if entry.target_key is not None:
            groups.setdefault(entry.target_key, []).append(entry)
    ready = []
    for key, entries in groups.items():
        arrived: dict[AssetName, set[str]] = {}
        for entry in entries:
            arrived.setdefault(entry.asset, set()).add(entry.source_key)
        complete = [name for name, keys in arrived.items() if mappers.complete(name, key, keys)]
        if is_met(schedule.condition, complete, queue.members):
            ready.append(
                ReadyPartition(
                    key=key,
                    date=_date(mappers, key, entries),
                    entries=tuple(entry.pk for entry in entries),
                    sources=tuple(name.name for name in arrived),
                )
            )
    return ready


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

    def complete(self, asset: AssetName, key: str, arrived: set[str]) -> bool:
        """Whether the asset has all that the partition needs of it."""
        try:
            return self.of(asset).is_complete(key, arrived)
        except ValueError:
            # A key that a window cannot be laid on is never complete.
            return False


@lru_cache(maxsize=256)
def _mappers(rules: str) -> _Mappers:
    return _Mappers(json.loads(rules) if rules else None)


def _date(mappers: _Mappers, key: str, entries: Sequence[QueuedPartition]) -> datetime | None:
    """The one moment that all assets' mappers read in the key; else what the producers carried."""
    assets = dict.fromkeys(entry.asset for entry in entries)
    try:
        moments = {mappers.of(asset).moment(key) for asset in assets} - {None}
    except ValueError:
        return None
    if moments:
        return moments.pop() if len(moments) == 1 else None
    carried = {mappers.of(entry.asset).carried(entry.source_date) for entry in entries} - {None}
    return carried.pop() if len(carried) == 1 else None
