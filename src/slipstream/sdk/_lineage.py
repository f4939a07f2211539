"""What hooks read and wrote while a task ran, for plugins that draw where data come from.

Hooks tell it to the collector. Where no plugin has a reader, nothing is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

from slipstream.sdk._assets import Asset
from slipstream.sdk._conf import conf
from slipstream.sdk._logging import LoggingMixin
from slipstream.sdk._plugins.places import may_be_plugins
from slipstream.sdk._provider_info import provided
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

LineageContext = UserValue
"""Who tells it: a hook, or a path on an object store."""


@dataclass(slots=True)
class AssetLineageInfo:
    """An asset, how often it was told of, and by whom."""

    asset: Asset
    count: int
    context: LineageContext


@dataclass(slots=True)
class ExtraLineageInfo:
    """Something else that was told, how often, and by whom."""

    key: str
    value: UserValue
    count: int
    context: LineageContext


@dataclass(slots=True)
class HookLineage:
    """All that was told."""

    inputs: list[AssetLineageInfo] = field(default_factory=list)
    outputs: list[AssetLineageInfo] = field(default_factory=list)
    extra: list[ExtraLineageInfo] = field(default_factory=list)


class _Told(Generic[T]):
    """Things that are told of one time or several, up to a number of different ones."""

    def __init__(self, what: str, most: int) -> None:
        self._what = what
        self._most = most
        self.entries: dict[str, tuple[T, LineageContext, int]] = {}

    @property
    def is_full(self) -> bool:
        """Whether no new ones are kept."""
        return len(self.entries) >= self._most

    def add(self, name: str, thing: T, context: LineageContext) -> str | None:
        """Count it; what to say when that was the last that is kept."""
        _, _, count = self.entries.get(name, (thing, context, 0))
        self.entries[name] = (thing, context, count + 1)
        if self.is_full and count == 0:
            return f"Maximum number of {self._what} exceeded. Skipping subsequent inputs."
        return None


class HookLineageCollector(LoggingMixin):
    """Keeps what hooks of this process tell."""

    def __init__(self, **kwargs: UserValue) -> None:
        super().__init__(**kwargs)
        assets = conf.getint("lineage", "max_assets_per_collector", fallback=100)
        extras = conf.getint("lineage", "max_extras_per_collector", fallback=200)
        self._inputs: _Told[Asset] = _Told("asset inputs", assets)
        self._outputs: _Told[Asset] = _Told("asset outputs", assets)
        self._extra: _Told[tuple[str, UserValue]] = _Told("extra", extras)

    def create_asset(
        self,
        *,
        scheme: str | None = None,
        uri: str | None = None,
        name: str | None = None,
        group: str | None = None,
        asset_kwargs: Mapping[str, UserValue] | None = None,
        asset_extra: Mapping[str, UserValue] | None = None,
    ) -> Asset | None:
        """The asset of that URI or name, or the one that the scheme's provider makes of
        `asset_kwargs`; None where there is none to make."""
        if uri or name:
            given: dict[str, UserValue] = {
                "uri": uri,
                "name": name,
                "group": group,
                "extra": asset_extra,
            }
            return Asset(**{key: value for key, value in given.items() if value})
        make = _factory(scheme) if scheme else None
        if make is None:
            self.log.debug("No asset without a URI or a name, of scheme %r", scheme)
            return None
        try:
            made: Asset = make(**(asset_kwargs or {}), extra=asset_extra)
        except Exception as error:  # noqa: BLE001 - lineage is not worth a task
            self.log.debug("An asset of scheme %r could not be made: %s", scheme, error)
            return None
        return made

    def add_input_asset(self, context: LineageContext, *args: str, **named: UserValue) -> None:
        """The hook has read this: the arguments of `create_asset`."""
        self._add(self._inputs, context, args, named)

    def add_output_asset(self, context: LineageContext, *args: str, **named: UserValue) -> None:
        """The hook has written this: the arguments of `create_asset`."""
        self._add(self._outputs, context, args, named)

    def add_extra(self, context: LineageContext, key: str, value: UserValue) -> None:
        """Something else, such as a query."""
        if not key or not value:
            self.log.debug("Lineage needs a key and a value")
        elif not self._extra.is_full:
            name = f"{key}_{_digest(value)}_{id(context)}"
            self._say(self._extra.add(name, (key, value), context))

    @property
    def collected_assets(self) -> HookLineage:
        """All that was told."""
        return HookLineage(
            inputs=_listed(self._inputs),
            outputs=_listed(self._outputs),
            extra=[
                ExtraLineageInfo(key, value, count, context)
                for (key, value), context, count in self._extra.entries.values()
            ],
        )

    @property
    def has_collected(self) -> bool:
        """Whether anything was told."""
        return bool(self._inputs.entries or self._outputs.entries or self._extra.entries)

    def _add(
        self,
        told: _Told[Asset],
        context: LineageContext,
        args: tuple[str, ...],
        named: Mapping[str, UserValue],
    ) -> None:
        if told.is_full:
            return
        given = {**dict(zip(_ARGUMENTS, args, strict=False)), **named}
        asset = self.create_asset(**given)
        if asset is not None:
            name = f"{asset.uri}_{_digest(asset.extra)}_{id(context)}"
            self._say(told.add(name, asset, context))

    def _say(self, warning: str | None) -> None:
        if warning is not None:
            self.log.warning("%s", warning)


_ARGUMENTS = ("scheme", "uri", "name", "group", "asset_kwargs", "asset_extra")


class NoOpCollector(HookLineageCollector):
    """Keeps nothing: nobody reads it."""

    def add_input_asset(self, *_: UserValue, **__: UserValue) -> None:
        """Nothing."""

    def add_output_asset(self, *_: UserValue, **__: UserValue) -> None:
        """Nothing."""

    def add_extra(self, *_: UserValue, **__: UserValue) -> None:
        """Nothing."""


class HookLineageReader(LoggingMixin):
    """Reads what hooks have told. A plugin lists its subclass in `hook_lineage_readers`."""

    def __init__(self, **kwargs: UserValue) -> None:
        super().__init__(**kwargs)
        self.lineage_collector = get_hook_lineage_collector()

    def retrieve_hook_lineage(self) -> HookLineage:
        """All that was told so far."""
        return self.lineage_collector.collected_assets


@cache
def get_hook_lineage_collector() -> HookLineageCollector:
    """The collector of this process; one that keeps nothing where no plugin reads it."""
    if may_be_plugins():
        from slipstream.sdk._plugins.parts import hook_lineage_readers

        if hook_lineage_readers():
            return HookLineageCollector()
    return NoOpCollector()


def _factory(scheme: str) -> Callable[..., UserValue] | None:
    """What a provider makes assets of that scheme with."""
    for entry in provided("asset-uris"):
        path = entry.get("factory")
        if path and scheme in entry.get("schemes", ()):
            import importlib

            module, _, name = str(path).rpartition(".")
            made: Callable[..., UserValue] = getattr(importlib.import_module(module), name)
            return made
    return None


def _digest(value: UserValue) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _listed(told: _Told[Asset]) -> list[AssetLineageInfo]:
    return [AssetLineageInfo(asset, count, by) for asset, by, count in told.entries.values()]
