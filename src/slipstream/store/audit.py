"""What a request or a command changes of the settings, noted for the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from enum import StrEnum
from typing import cast

from slipstream.model.errors import NotFoundError
from slipstream.model.json import JsonValue
from slipstream.store.access_records import AccessTokenRecord, AccountRecord, RoleRecord
from slipstream.store.audit_entry import Changes
from slipstream.store.interface import Store
from slipstream.store.masked_settings import masked_password, masked_text
from slipstream.store.records import ConnectionRecord, PoolRecord, VariableRecord


class Setting(StrEnum):
    """The kinds of settings."""

    VARIABLE = "variable"
    CONNECTION = "connection"
    POOL = "pool"
    TEAM = "team"
    USER = "user"
    ROLE = "role"
    ACCESS_TOKEN = "access token"  # noqa: S105  # the name of a kind


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
        with self._noted(Setting.VARIABLE, variable.key, before, _shown_variable(variable)):
            return self._store.set_variable(variable)

    def delete_variable(self, key: str) -> bool:
        """See `SettingsStore`."""
        before = _shown_variable(self._store.get_variable(key))
        if before is None:
            return False
        with self._noted(Setting.VARIABLE, key, before, None):
            return self._store.delete_variable(key)

    def set_connection(self, connection: ConnectionRecord) -> bool:
        """See `SettingsStore`."""
        before = _shown_connection(self._store.get_connection(connection.conn_id))
        after = _shown_connection(connection)
        with self._noted(Setting.CONNECTION, connection.conn_id, before, after):
            return self._store.set_connection(connection)

    def delete_connection(self, conn_id: str) -> bool:
        """See `SettingsStore`."""
        before = _shown_connection(self._store.get_connection(conn_id))
        if before is None:
            return False
        with self._noted(Setting.CONNECTION, conn_id, before, None):
            return self._store.delete_connection(conn_id)

    def set_pool(self, pool: PoolRecord) -> bool:
        """See `SettingsStore`."""
        before = _shown_pool(self._store.get_pool(pool.name))
        with self._noted(Setting.POOL, pool.name, before, _shown_pool(pool)):
            return self._store.set_pool(pool)

    def delete_pool(self, name: str) -> bool:
        """See `SettingsStore`."""
        before = _shown_pool(self._store.get_pool(name))
        if before is None:
            return False
        with self._noted(Setting.POOL, name, before, None):
            return self._store.delete_pool(name)

    def create_team(self, name: str) -> None:
        """See `TeamStore`."""
        with self._noted(Setting.TEAM, name, None, {}):
            self._store.create_team(name)

    def add_teams(self, names: Sequence[str]) -> Sequence[str]:
        """See `TeamStore`."""
        known = set(self._store.list_teams())
        with ExitStack() as noted:
            for name in sorted(set(names) - known):
                noted.enter_context(self._noted(Setting.TEAM, name, None, {}))
            return self._store.add_teams(names)

    def delete_team(self, name: str) -> None:
        """See `TeamStore`."""
        with self._noted(Setting.TEAM, name, {}, None):
            self._store.delete_team(name)

    def create_account(self, account: AccountRecord) -> AccountRecord:
        """See `AccessStore`."""
        with self._noted(Setting.USER, account.username, None, _shown_account(account)):
            return self._store.create_account(account)

    def update_account(self, account: AccountRecord) -> AccountRecord:
        """See `AccessStore`."""
        found = self._store.get_account(account.username)
        before, after = _shown_account(found), _shown_account(account)
        if found is not None and found.password_hash != account.password_hash:
            after = {**(after or {}), "password": "changed"}
        with self._noted(Setting.USER, account.username, before, after):
            return self._store.update_account(account)

    def delete_account(self, username: str) -> bool:
        """See `AccessStore`."""
        before = _shown_account(self._store.get_account(username))
        if before is None:
            return False
        with self._noted(Setting.USER, username, before, None):
            return self._store.delete_account(username)

    def put_role(self, role: RoleRecord) -> bool:
        """See `AccessStore`."""
        before = _shown_role(self._store.get_role(role.name))
        with self._noted(Setting.ROLE, role.name, before, _shown_role(role)):
            return self._store.put_role(role)

    def delete_role(self, name: str, *, from_members: bool = True) -> bool:
        """See `AccessStore`."""
        before = _shown_role(self._store.get_role(name))
        if before is None:
            return False
        with self._noted(Setting.ROLE, name, before, None):
            return self._store.delete_role(name, from_members=from_members)

    def add_access_token(
        self,
        username: str,
        name: str,
        token_hash: str,
        scope: Sequence[str] | None,
        expires_at: datetime | None,
    ) -> AccessTokenRecord:
        """See `AccessStore`."""
        after = _shown_token(username, scope, expires_at)
        with self._noted(Setting.ACCESS_TOKEN, name, None, after):
            return self._store.add_access_token(username, name, token_hash, scope, expires_at)

    def delete_access_token(self, pk: int) -> bool:
        """See `AccessStore`."""
        try:
            found = self._store.get_access_token(pk)
        except NotFoundError:
            return False
        before = _shown_token(found.username, found.scope, found.expires_at)
        with self._noted(Setting.ACCESS_TOKEN, found.name, before, None):
            return self._store.delete_access_token(pk)

    @contextmanager
    def _noted(
        self,
        kind: Setting,
        key: str,
        before: Mapping[str, JsonValue] | None,
        after: Mapping[str, JsonValue] | None,
    ) -> Iterator[None]:
        """Said before it is done, so that the two are written together; unsaid if it fails."""
        change: Mapping[str, JsonValue] = {
            "object": kind.value,
            "key": key,
            "before": before,
            "after": after,
        }
        self._changes.append(change)
        try:
            yield
        except BaseException:
            self._changes.remove(change)
            raise


def _shown_variable(variable: VariableRecord | None) -> Mapping[str, JsonValue] | None:
    if variable is None:
        return None
    value = masked_text(variable.key, variable.value)
    shown: Mapping[str, JsonValue] = {"value": value, "description": variable.description}
    return {**shown, **_of_team(variable.team_name)}


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
        **_of_team(connection.team_name),
    }


def _shown_pool(pool: PoolRecord | None) -> Mapping[str, JsonValue] | None:
    if pool is None:
        return None
    return {
        "slots": pool.slots,
        "description": pool.description,
        "include_deferred": pool.include_deferred,
        **_of_team(pool.team_name),
    }


def _of_team(name: str | None) -> Mapping[str, JsonValue]:
    return {} if name is None else {"team_name": name}


def _shown_account(account: AccountRecord | None) -> Mapping[str, JsonValue] | None:
    if account is None:
        return None
    return {
        "roles": list(account.roles),
        "first_name": account.first_name,
        "last_name": account.last_name,
        "email": account.email,
        "source": account.source,
        "is_active": account.is_active,
        "second_factor": account.totp_enrolled,
    }


def _shown_role(role: RoleRecord | None) -> Mapping[str, JsonValue] | None:
    if role is None:
        return None
    return {
        "permissions": [
            ":".join(grant[:2]) + "@" * bool(grant[2]) + grant[2] for grant in sorted(role.grants)
        ]
    }


def _shown_token(
    username: str, scope: Sequence[str] | None, expires_at: datetime | None
) -> Mapping[str, JsonValue]:
    return {
        "username": username,
        "scope": None if scope is None else list(scope),
        "expires_at": None if expires_at is None else expires_at.isoformat(),
    }
