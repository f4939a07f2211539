"""What tasks say of the assets that they update, and what they see of events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias, overload

from slipstream.model.asset import AssetEvent as RecordedEvent
from slipstream.model.asset import AssetUpdate
from slipstream.model.json import JsonValue
from slipstream.sdk._assets import Asset, AssetAlias, AssetRef, Metadata
from slipstream.sdk._backend import Backend
from slipstream.sdk._backend_values import AssetKey
from slipstream.sdk._times import for_user, in_utc
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import (
    AirflowException,
    AirflowInactiveAssetInInletOrOutletException,
)

if TYPE_CHECKING:
    from slipstream.sdk._dag_run import DagRun

MAX_PARTITION_KEY_LENGTH = 250

_Key: TypeAlias = "Asset | AssetAlias"


@dataclass(frozen=True, slots=True)
class AssetAliasEvent:
    """That an asset was updated, said through an alias."""

    source_alias_name: str
    dest_asset_key: AssetKey
    dest_asset_extra: Mapping[str, UserValue]
    extra: Mapping[str, UserValue]


@dataclass(slots=True)
class OutletEvent:
    """What a task says about one asset that it updates, or about one alias."""

    key: _Key
    extra: dict[str, UserValue] = field(default_factory=dict)
    asset_alias_events: list[AssetAliasEvent] = field(default_factory=list)
    partition_keys: set[str] = field(default_factory=set)
    _backend: Backend | None = None

    def add(self, asset: Asset | AssetRef, extra: Mapping[str, UserValue] | None = None) -> None:
        """For an alias: this asset was updated. Of an asset it says nothing."""
        if not isinstance(self.key, AssetAlias):
            return
        found = resolved(self._backend, asset) if isinstance(asset, AssetRef) else asset
        self.asset_alias_events.append(
            AssetAliasEvent(
                source_alias_name=self.key.name,
                dest_asset_key=AssetKey(found.name, found.uri),
                dest_asset_extra=dict(found.extra),
                extra=dict(extra or {}),
            )
        )

    def add_partitions(self, keys: str | Sequence[str]) -> None:
        """These partitions of the asset were updated: each gets an event."""
        if isinstance(self.key, AssetAlias):
            raise TypeError(
                f"An alias has no partitions: say which of an asset were updated, not of "
                f"{self.key.name!r}."
            )
        listed = [keys] if isinstance(keys, str) else list(keys)
        for key in listed:
            if not key.strip() or len(key) > MAX_PARTITION_KEY_LENGTH:
                raise ValueError(
                    f"A partition key has 1 to {MAX_PARTITION_KEY_LENGTH} characters and is not "
                    f"blank; found {key[:MAX_PARTITION_KEY_LENGTH]!r} of {len(key)}."
                )
        self.partition_keys.update(listed)


class _ByAsset:
    """`for_asset` and `for_asset_alias`, beside `[…]`."""

    def __getitem__(self, key: UserValue) -> UserValue:
        raise NotImplementedError

    def for_asset(self, *, name: str | None = None, uri: str | None = None) -> UserValue:
        """The entry of the asset of that name, URI, or both."""
        if name is not None and uri is not None:
            return self[Asset(name=name, uri=uri)]
        return self[Asset.ref(name=name, uri=uri)]

    def for_asset_alias(self, *, name: str) -> UserValue:
        """The entry of the alias."""
        return self[AssetAlias(name)]


class OutletEvents(_ByAsset, Mapping[_Key, OutletEvent]):
    """`outlet_events[asset].extra = {…}`, `outlet_events[alias].add(asset)`."""

    def __init__(self, backend: Backend | None = None) -> None:
        self._backend = backend
        self._events: dict[_Key, OutletEvent] = {}

    def __getitem__(self, key: UserValue) -> OutletEvent:
        found = resolved(self._backend, key) if isinstance(key, AssetRef) else key
        if not isinstance(found, Asset | AssetAlias):
            raise TypeError(
                f"outlet_events are asked for by an asset or an alias; {key!r} is a "
                f"{type(key).__name__}."
            )
        known = self._events.get(found)
        if known is None:
            known = self._events[found] = OutletEvent(found, _backend=self._backend)
        return known

    def __iter__(self) -> Iterator[_Key]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def take(self, metadata: Metadata) -> None:
        """What a task has yielded."""
        event = self[metadata.asset]
        event.extra.update(metadata.extra)
        if metadata.alias is not None:
            self[metadata.alias].add(metadata.asset, extra=dict(metadata.extra))

    def updates(self, outlets: Sequence[UserValue]) -> tuple[AssetUpdate, ...]:
        """What the success of a task with these outlets updates.

        Raises `AirflowException` for an extra that is no JSON.
        """
        found: dict[Asset | AssetRef, tuple[AssetUpdate, ...]] = {}
        through: dict[tuple[AssetKey, str, str], list[str]] = {}
        for outlet in outlets:
            if isinstance(outlet, AssetAlias):
                for event in self._of(outlet).asset_alias_events:
                    key = event.dest_asset_key
                    texts = (_text(event.dest_asset_extra, key), _text(event.extra, key))
                    names = through.setdefault((key, *texts), [])
                    if outlet.name not in names:
                        names.append(outlet.name)
            elif isinstance(outlet, AssetRef):
                found[outlet] = (AssetUpdate(name=outlet.name, uri=outlet.uri),)
            elif isinstance(outlet, Asset):
                found[outlet] = self._of_asset(outlet)
        by_alias = (
            AssetUpdate(
                name=key.name,
                uri=key.uri,
                aliases=tuple(names),
                asset_extra=json.loads(asset_extra),
                extra=json.loads(extra),
            )
            for (key, asset_extra, extra), names in through.items()
        )
        return (*(one for some in found.values() for one in some), *by_alias)

    def _of(self, key: _Key) -> OutletEvent:
        return self._events.get(key) or OutletEvent(key)

    def _of_asset(self, asset: Asset) -> tuple[AssetUpdate, ...]:
        event = self._of(asset)
        extra: Mapping[str, JsonValue] = json.loads(
            _text(event.extra, AssetKey(asset.name, asset.uri))
        )
        return tuple(
            AssetUpdate(
                name=asset.name, uri=asset.uri, group=asset.group, extra=extra, partition_key=key
            )
            for key in sorted(event.partition_keys) or (None,)
        )


class AssetEvent:
    """An event as tasks see it."""

    def __init__(self, recorded: RecordedEvent, backend: Backend) -> None:
        self._recorded = recorded
        self._backend = backend
        self.id = recorded.pk
        self.extra = dict(recorded.extra)
        self.asset = Asset(name=recorded.name, uri=recorded.uri, group=recorded.group)
        self.source_dag_id = recorded.source_dag_id
        self.source_run_id = recorded.source_run_id
        self.source_task_id = recorded.source_task_id
        self.source_map_index = recorded.source_map_index
        self.partition_key = recorded.partition_key
        self.source_aliases = [AssetAlias(name) for name in recorded.aliases]

    @property
    def timestamp(self) -> UserValue:
        """When it was recorded."""
        return for_user(self._recorded.timestamp)

    @property
    def uri(self) -> str:
        """The URI of the asset."""
        return self.asset.uri

    @property
    def source_dag_run(self) -> DagRun | None:
        """The run that updated the asset; None where no task did, or it is gone."""
        if self.source_dag_id is None or self.source_run_id is None:
            return None
        from slipstream.sdk._dag_run import known_run

        return known_run(self.source_dag_id, self.source_run_id, self._backend)

    @property
    def source_task_instance(self) -> SourceTaskInstance | None:
        """The task instance that updated the asset; None where none did."""
        if self.source_dag_id is None or self.source_task_id is None:
            return None
        return SourceTaskInstance(
            dag_id=self.source_dag_id,
            run_id=self.source_run_id or "",
            task_id=self.source_task_id,
            map_index=self.source_map_index,
            _backend=self._backend,
        )

    def __repr__(self) -> str:
        return f"<AssetEvent {self.id} of {self.asset.name!r} at {self._recorded.timestamp}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTaskInstance:
    """The task instance behind an event."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    _backend: Backend = field(repr=False)

    def xcom_pull(self, *, key: str = "return_value", default: UserValue = None) -> UserValue:
        """What it pushed under the key."""
        text = self._backend.get_xcom(
            dag_id=self.dag_id,
            run_id=self.run_id,
            task_id=self.task_id,
            map_index=self.map_index,
            key=key,
        )
        if text is None:
            return default
        from slipstream.sdk._values import decode_value

        return decode_value(text)


class EventsOfAsset(Sequence[AssetEvent]):
    """The events of one asset or alias, oldest first; asked for when they are first looked at.

    `after`, `before`, `ascending` and `limit` narrow them down, and can be chained.
    """

    def __init__(self, backend: Backend, key: AssetKey | None, alias: str | None) -> None:
        self._backend = backend
        self._key = key
        self._alias = alias
        self._after: datetime | None = None
        self._before: datetime | None = None
        self._ascending = True
        self._limit: int | None = None
        self._found: list[AssetEvent] | None = None

    def after(self, after: str | datetime) -> EventsOfAsset:
        """Those from that moment on."""
        self._after, self._found = _moment(after), None
        return self

    def before(self, before: str | datetime) -> EventsOfAsset:
        """Those until that moment."""
        self._before, self._found = _moment(before), None
        return self

    def ascending(self, ascending: bool = True) -> EventsOfAsset:
        """The oldest first, or the newest."""
        self._ascending, self._found = ascending, None
        return self

    def limit(self, limit: int) -> EventsOfAsset:
        """So many at most."""
        self._limit, self._found = limit, None
        return self

    def _events(self) -> list[AssetEvent]:
        if self._found is None:
            recorded = self._backend.get_asset_events(
                asset=self._key,
                alias=self._alias,
                after=self._after,
                before=self._before,
                ascending=self._ascending,
                limit=self._limit,
            )
            self._found = [AssetEvent(one, self._backend) for one in recorded]
        return self._found

    def __len__(self) -> int:
        return len(self._events())

    def __iter__(self) -> Iterator[AssetEvent]:
        return iter(self._events())

    @overload
    def __getitem__(self, index: int) -> AssetEvent: ...
    @overload
    def __getitem__(self, index: slice) -> list[AssetEvent]: ...
    def __getitem__(self, index: int | slice) -> AssetEvent | list[AssetEvent]:
        return self._events()[index]

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as a list: it changes with what is asked

    def __repr__(self) -> str:
        return repr(self._events())


class InletEvents(_ByAsset, Mapping[UserValue, EventsOfAsset]):
    """`inlet_events[asset]`, or by its place among the inlets: `inlet_events[0]`."""

    def __init__(self, inlets: Sequence[UserValue], backend: Backend) -> None:
        self._inlets = list(inlets)
        self._backend = backend

    def __getitem__(self, key: UserValue) -> EventsOfAsset:
        found = self._inlets[key] if isinstance(key, int) else key
        if not isinstance(found, Asset | AssetAlias | AssetRef):
            if isinstance(key, int):
                raise IndexError(f"The inlet {key} is no asset but {found!r}.")
            raise TypeError(
                f"inlet_events are asked for by an asset, an alias or a number; {key!r} is a "
                f"{type(key).__name__}."
            )
        if not any(_is_same(found, inlet) for inlet in self._inlets):
            raise KeyError(found)
        if isinstance(found, AssetAlias):
            return EventsOfAsset(self._backend, None, found.name)
        return EventsOfAsset(self._backend, AssetKey(found.name, found.uri), None)

    def __iter__(self) -> Iterator[UserValue]:
        return iter(self._inlets)

    def __len__(self) -> int:
        return len(self._inlets)


class TriggeringEvents(_ByAsset, Mapping[UserValue, Sequence[AssetEvent]]):
    """The events that made the run start, by asset and by alias; asked for when first looked at."""

    def __init__(self, dag_run: DagRun) -> None:
        self._dag_run = dag_run
        self._found: dict[_Key, list[AssetEvent]] | None = None

    def _events(self) -> dict[_Key, list[AssetEvent]]:
        if self._found is None:
            self._found = {}
            for event in self._dag_run.consumed_asset_events:
                keys: list[_Key] = [event.asset, *event.source_aliases]
                for key in keys:
                    self._found.setdefault(key, []).append(event)
        return self._found

    def __getitem__(self, key: UserValue) -> Sequence[AssetEvent]:
        if isinstance(key, AssetRef):
            for known, events in self._events().items():
                if isinstance(known, Asset) and _is_same(key, known):
                    return events
            raise KeyError(key)
        return self._events()[key]

    def __iter__(self) -> Iterator[UserValue]:
        return iter(self._events())

    def __len__(self) -> int:
        return len(self._events())

    def __repr__(self) -> str:
        return repr(self._events())


def _is_same(key: UserValue, inlet: UserValue) -> bool:
    if key == inlet:
        return True
    if isinstance(key, AssetRef) and isinstance(inlet, Asset | AssetRef):
        return (key.name is not None and key.name == inlet.name) or (
            key.uri is not None and key.uri == inlet.uri
        )
    if isinstance(key, Asset) and isinstance(inlet, AssetRef):
        return _is_same(inlet, key)
    return False


def require_assets(given: Sequence[UserValue], backend: Backend) -> None:
    """Raise `AirflowInactiveAssetInInletOrOutletException` for assets that are not in use.

    Another asset with the same name or URI is in use instead.
    """
    wrong = [
        one
        for one in given
        if isinstance(one, Asset) and backend.get_asset(AssetKey(one.name, one.uri)) is None
    ]
    if wrong:
        raise AirflowInactiveAssetInInletOrOutletException(
            f"The task has inlets or outlets that are not in use: {', '.join(map(repr, wrong))}. "
            "Another asset has the same name with another URI, or the same URI with another name: "
            "give both the same, or different ones."
        )


def resolved(backend: Backend | None, ref: AssetRef) -> Asset:
    found = None if backend is None else backend.get_asset(AssetKey(ref.name, ref.uri))
    if found is None:
        raise AirflowException(f"{ref!r} was not found: no DAG mentions such an asset.")
    return Asset(name=found.name, uri=found.uri, group=found.group, extra=found.extra)


def _moment(given: str | datetime) -> datetime | None:
    return in_utc(datetime.fromisoformat(given) if isinstance(given, str) else given)


def _text(extra: Mapping[str, UserValue], key: AssetKey) -> str:
    try:
        return json.dumps(extra, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise AirflowException(
            f"The extra of an event of the asset {key.name!r} has to be a dictionary that JSON can "
            f"hold: {error}."
        ) from None
