"""What a request or a command changes of the settings, noted for the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import cast

from slipstream.model.json import JsonValue
from slipstream.store.interface import Store
from slipstream.store.masked_settings import masked_password, masked_text
from slipstream.store.records import ConnectionRecord, PoolRecord, VariableRecord


class Setting(StrEnum):
    """The kinds of settings."""

    VARIABLE = "variable"
    CONNECTION = "connection"
    POOL = "pool"


Changes = list[Mapping[str, JsonValue]]
"""`{object, key, before, after}` of each setting that was changed; None where it was not there."""


def watched(store: Store, changes: Changes) -> Store:
    """The same store; what is changed of the settings through it is added to `changes`.

    Secrets are masked.
    """
    return cast("Store", _WatchedStore(store, changes))


class _WatchedStore:
    """Passes everything on; what is not here is the store's own."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store = store
        self._changes = changes

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def set_variable(self, variable: VariableRecord) -> bool:
        """See `SettingsStore`."""
        before = _shown_variable(self._store.get_variable(variable.key))
        is_new = self._store.set_variable(variable)
        self._note(Setting.VARIABLE, variable.key, before, _shown_variable(variable))
        return is_new

    def delete_variable(self, key: str) -> bool:
        """See `SettingsStore`."""
        before = _shown_variable(self._store.get_variable(key))
        was_there = self._store.delete_variable(key)
        self._note(Setting.VARIABLE, key, before, None)
        return was_there

    def set_connection(self, connection: ConnectionRecord) -> bool:
        """See `SettingsStore`."""
        before = _shown_connection(self._store.get_connection(connection.conn_id))
        is_new = self._store.set_connection(connection)
        self._note(Setting.CONNECTION, connection.conn_id, before, _shown_connection(connection))
        return is_new

    def delete_connection(self, conn_id: str) -> bool:
        """See `SettingsStore`."""
        before = _shown_connection(self._store.get_connection(conn_id))
        was_there = self._store.delete_connection(conn_id)
        self._note(Setting.CONNECTION, conn_id, before, None)
        return was_there

    def set_pool(self, pool: PoolRecord) -> bool:
        """See `SettingsStore`."""
        before = _shown_pool(self._store.get_pool(pool.name))
        is_new = self._store.set_pool(pool)
        self._note(Setting.POOL, pool.name, before, _shown_pool(pool))
        return is_new

    def delete_pool(self, name: str) -> bool:
        """See `SettingsStore`."""
        before = _shown_pool(self._store.get_pool(name))
        was_there = self._store.delete_pool(name)
        self._note(Setting.POOL, name, before, None)
        return was_there

    def _note(
        self,
        kind: Setting,
        key: str,
        before: Mapping[str, JsonValue] | None,
        after: Mapping[str, JsonValue] | None,
    ) -> None:
        if before is not None or after is not None:
            change = {"object": kind.value, "key": key, "before": before, "after": after}
            self._changes.append(change)


def _shown_variable(variable: VariableRecord | None) -> Mapping[str, JsonValue] | None:
    if variable is None:
        return None
    value = masked_text(variable.key, variable.value)
    return {"value": value, "description": variable.description}


def _shown_connection(connection: ConnectionRecord | None) -> Mapping[str, JsonValue] | None:
    if connection is None:
        return None
    return {
        "conn_type": connection.conn_type,
        "description": connection.description,
        "host": connection.host,
        "login": connection.login,
        "schema": connection.schema,
        "port": connection.port,
        "password": masked_password(connection.password),
        "extra": masked_text("", connection.extra),
    }


def _shown_pool(pool: PoolRecord | None) -> Mapping[str, JsonValue] | None:
    if pool is None:
        return None
    return {
        "slots": pool.slots,
        "description": pool.description,
        "include_deferred": pool.include_deferred,
    }
