"""What tasks remember: `task_state_store` across tries, `asset_state_store` across runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from slipstream.model.json import JsonValue
from slipstream.sdk._assets import Asset, AssetRef
from slipstream.sdk._backend import Backend
from slipstream.sdk._backend_values import AssetKey
from slipstream.sdk._conf import conf
from slipstream.sdk._types import UserValue


class _NeverExpire:
    """The type of `NEVER_EXPIRE`."""

    def __repr__(self) -> str:
        return "NEVER_EXPIRE"


NEVER_EXPIRE: Final = _NeverExpire()
"""As the retention of a value: it is kept as long as the run is."""


class _Store:
    """Values by key, as JSON."""

    def __init__(self, backend: Backend, asset: AssetKey | None) -> None:
        self._backend = backend
        self._asset = asset
        self.is_written = False
        """Whether this process has put something in."""

    def get(self, key: str, default: JsonValue = None) -> JsonValue:
        """What is remembered under the key, or the default."""
        text = self._backend.get_state(_checked_key(key), asset=self._asset)
        if text is None:
            return default
        found: JsonValue = json.loads(text)
        return found

    def delete(self, key: str) -> None:
        """Forget the key, if it is there."""
        self._backend.delete_state(_checked_key(key), asset=self._asset)

    def clear(self) -> None:
        """Forget everything."""
        self._backend.delete_state(None, asset=self._asset)

    def _put(self, key: str, value: JsonValue, expires_at: datetime | None) -> None:
        text = _as_json(_checked_key(key), value)
        self._backend.set_state(key, text, asset=self._asset, expires_at=expires_at)
        self.is_written = True

    # asyncio is imported by those who use it anyway.

    async def aget(self, key: str, default: JsonValue = None) -> JsonValue:
        """`get`, awaited."""
        import asyncio

        return await asyncio.to_thread(self.get, key, default)

    async def adelete(self, key: str) -> None:
        """`delete`, awaited."""
        import asyncio

        await asyncio.to_thread(self.delete, key)

    async def aclear(self) -> None:
        """`clear`, awaited."""
        import asyncio

        await asyncio.to_thread(self.clear)


class TaskStateStore(_Store):
    """What this task instance remembers: later tries of it in the same run find it."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, None)

    def set(
        self,
        key: str,
        value: JsonValue,
        *,
        retention: timedelta | _NeverExpire | None = None,
    ) -> None:
        """Remember a value, for that long.

        None is for `[state_store] default_retention_days`. Raises `ValueError` for None as the
        value, and `TypeError` for what JSON cannot hold.
        """
        self._put(key, value, _expires_at(retention))

    async def aset(
        self,
        key: str,
        value: JsonValue,
        *,
        retention: timedelta | _NeverExpire | None = None,
    ) -> None:
        """`set`, awaited."""
        import asyncio

        await asyncio.to_thread(self.set, key, value, retention=retention)


class AssetStateStore(_Store):
    """What is remembered of one asset, by whatever task and in whatever run."""

    def set(self, key: str, value: JsonValue) -> None:
        """Remember a value. Raises as `TaskStateStore.set` does."""
        self._put(key, value, None)

    async def aset(self, key: str, value: JsonValue) -> None:
        """`set`, awaited."""
        import asyncio

        await asyncio.to_thread(self.set, key, value)


class AssetStateStores:
    """`asset_state_store[asset]`; with a single asset among inlets and outlets, the store itself.

    Only assets among the task's inlets and outlets are there.
    """

    def __init__(
        self, backend: Backend, inlets: Sequence[UserValue], outlets: Sequence[UserValue]
    ) -> None:
        self._backend = backend
        self._stores: dict[AssetKey, AssetStateStore] = {}
        for one in (*inlets, *outlets):
            key = _asset_key(one)
            if key is not None and key not in self._stores:
                self._stores[key] = AssetStateStore(backend, key)

    def __getitem__(self, asset: Asset | AssetRef) -> AssetStateStore:
        wanted = _asset_key(asset)
        if wanted is None:
            raise TypeError(
                f"asset_state_store[...] takes an asset; {asset!r} is a {type(asset).__name__}."
            )
        for key, store in self._stores.items():
            if _is_same(key, wanted):
                return store
        raise KeyError(f"{asset!r} is not among the inlets and outlets of this task.")

    @property
    def _single(self) -> AssetStateStore:
        if len(self._stores) != 1:
            raise ValueError(
                f"The task has {len(self._stores)} assets among its inlets and outlets; say which "
                "one is meant: context['asset_state_store'][asset]."
            )
        return next(iter(self._stores.values()))

    def get(self, key: str, default: JsonValue = None) -> JsonValue:
        """Of the only asset. Raises `ValueError` where there are more, or none."""
        return self._single.get(key, default)

    def set(self, key: str, value: JsonValue) -> None:
        """Of the only asset."""
        self._single.set(key, value)

    def delete(self, key: str) -> None:
        """Of the only asset."""
        self._single.delete(key)

    def clear(self) -> None:
        """Of the only asset."""
        self._single.clear()

    async def aget(self, key: str, default: JsonValue = None) -> JsonValue:
        """`get`, awaited."""
        return await self._single.aget(key, default)

    async def aset(self, key: str, value: JsonValue) -> None:
        """`set`, awaited."""
        await self._single.aset(key, value)

    async def adelete(self, key: str) -> None:
        """`delete`, awaited."""
        await self._single.adelete(key)

    async def aclear(self) -> None:
        """`clear`, awaited."""
        await self._single.aclear()


def task_state_store(context: Mapping[str, UserValue]) -> TaskStateStore:
    """The store of the task instance of that context."""
    return TaskStateStore(context["ti"].backend)


def asset_state_stores(context: Mapping[str, UserValue]) -> AssetStateStores:
    """The stores of the assets of the task of that context."""
    return AssetStateStores(context["ti"].backend, context["inlets"], context["outlets"])


def _asset_key(asset: UserValue) -> AssetKey | None:
    return AssetKey(asset.name, asset.uri) if isinstance(asset, Asset | AssetRef) else None


def _is_same(one: AssetKey, other: AssetKey) -> bool:
    if one.name is not None and other.name is not None:
        return one.name == other.name
    return one.uri is not None and one.uri == other.uri


def _checked_key(key: object) -> str:
    if not isinstance(key, str) or not key:
        raise TypeError(f"The key of a state store is a text with something in it; found {key!r}.")
    return key


def _as_json(key: str, value: JsonValue) -> str:
    if value is None:
        raise ValueError(f"None cannot be kept under {key!r}: use delete({key!r}) instead.")
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_refuse)
    except ValueError as error:
        raise TypeError(f"The value for {key!r} is no JSON: {error}.") from error


def _refuse(value: object) -> JsonValue:
    raise TypeError(
        f"A value of type {type(value).__name__} is no JSON: keep texts, numbers, lists and "
        "dictionaries; of a datetime its isoformat()."
    )


def _expires_at(retention: timedelta | _NeverExpire | None) -> datetime | None:
    if isinstance(retention, _NeverExpire):
        return None
    if retention is None:
        days = conf.getint("state_store", "default_retention_days")
        return datetime.now(UTC) + timedelta(days=days) if days else None
    if not isinstance(retention, timedelta):
        raise TypeError(
            f"The retention is {retention!r}; expected a timedelta, NEVER_EXPIRE or None."
        )
    return datetime.now(UTC) + retention
