"""Roles, what DAG files give to them, and tokens, as rows."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, func, insert, select, update

from slipstream.model.errors import NotFoundError
from slipstream.store import tables
from slipstream.store.access_records import AccessTokenRecord, GrantRecord, RoleRecord
from slipstream.store.access_tables import (
    access_token,
    account_role,
    dag_access,
    revoked_token,
    role,
    role_permission,
)
from slipstream.store.database import Row, Transaction
from slipstream.store.errors import ConstraintViolatedError
from slipstream.store.listing import put
from slipstream.store.parts import StoreParts
from slipstream.store.statements import Statement
from slipstream.store.times import from_micros, to_micros

_USED: Final = timedelta(hours=1)
"""How exactly it is kept when a token was used last: each request would write otherwise."""

_TOKEN = Statement(
    select(*access_token.c).where(access_token.c.token_hash == bindparam("token_hash")),
    ("token_hash",),
)
_SECRETS = Statement(select(tables.secret_key.c.name, tables.secret_key.c.value), ())


class RoleVerbs(StoreParts):
    """What people may do, and with which tokens."""

    def get_role(self, name: str) -> RoleRecord | None:
        """A stored role, or None."""
        with self._database.read() as transaction:
            if not transaction.rows(select(role.c.name).where(role.c.name == name)):
                return None
            granted = _granted(transaction, [name])
        return RoleRecord(name=name, grants=granted.get(name, frozenset()))

    def list_roles(self) -> Sequence[RoleRecord]:
        """Every stored role, by name."""
        with self._database.read() as transaction:
            names = transaction.column(select(role.c.name).order_by(role.c.name))
            granted = _granted(transaction, names)
        return [RoleRecord(name=name, grants=granted.get(name, frozenset())) for name in names]

    def put_role(self, record: RoleRecord) -> bool:
        """Create or replace; True when it was new."""
        with self._database.write() as transaction:
            known = transaction.rows(
                select(role.c.name).where(role.c.name == record.name).with_for_update()
            )
            if not known:
                transaction.execute(insert(role), [{"name": record.name}])
            transaction.execute(
                delete(role_permission).where(role_permission.c.role == record.name)
            )
            rows = [{"role": record.name, **grant._asdict()} for grant in sorted(record.grants)]
            if rows:
                transaction.execute(insert(role_permission), rows)
            return not known

    def delete_role(self, name: str, *, from_members: bool = True) -> bool:
        """Remove a role, also from who has it; False where there was none."""
        with self._database.write() as transaction:
            done = transaction.execute(delete(role).where(role.c.name == name))
            if done.rowcount and from_members:
                transaction.execute(delete(account_role).where(account_role.c.role == name))
            return done.rowcount > 0

    def count_role_members(self, name: str) -> int:
        """How many users have the role."""
        query = select(func.count()).select_from(account_role).where(account_role.c.role == name)
        with self._database.read() as transaction:
            return int(transaction.value(query))

    def granted_dags(self, roles: Collection[str]) -> Mapping[str, frozenset[GrantRecord]]:
        """`{dag_id: what its file gives to these roles}`, in the file's words."""
        query = select(dag_access.c.dag_id, dag_access.c.action, dag_access.c.resource).where(
            dag_access.c.role.in_(sorted(roles))
        )
        found: dict[str, set[GrantRecord]] = {}
        with self._database.read() as transaction:
            for dag_id, action, resource in transaction.rows(query):
                found.setdefault(dag_id, set()).add(GrantRecord(action, resource))
        return {dag_id: frozenset(grants) for dag_id, grants in found.items()}

    def dags_tagged(self, tags: Collection[str]) -> Mapping[str, frozenset[str]]:
        """`{tag: DAGs that have it}`."""
        tag = tables.dag_tag.c
        return self._dags_by(select(tag.tag, tag.dag_id).where(tag.tag.in_(sorted(tags))))

    def dags_in_bundles(self, bundles: Collection[str]) -> Mapping[str, frozenset[str]]:
        """`{bundle: DAGs that lie in it}`."""
        dag = tables.dag.c
        return self._dags_by(
            select(dag.bundle_name, dag.dag_id).where(dag.bundle_name.in_(sorted(bundles)))
        )

    def _dags_by(self, names_and_dags: Select[Any]) -> Mapping[str, frozenset[str]]:
        """`{name: its DAGs}` of rows with a name and a DAG."""
        found: dict[str, set[str]] = {}
        with self._database.read() as transaction:
            for name, dag_id in transaction.rows(names_and_dags):
                found.setdefault(name, set()).add(dag_id)
        return {name: frozenset(dag_ids) for name, dag_ids in found.items()}

    def add_access_token(
        self,
        username: str,
        name: str,
        token_hash: str,
        scope: Sequence[str] | None,
        expires_at: datetime | None,
    ) -> AccessTokenRecord:
        """Keep a personal access token. Raises `NotFoundError` for an unknown user."""
        row = {
            "username": username,
            "name": name,
            "token_hash": token_hash,
            "scope": None if scope is None else json.dumps(list(scope)),
            "created_at": to_micros(self._clock()),
            "expires_at": to_micros(expires_at),
        }
        try:
            with self._database.write() as transaction:
                pk = transaction.value(
                    insert(access_token).values(row).returning(access_token.c.pk)
                )
        except ConstraintViolatedError:
            raise NotFoundError(f"There is no user {username!r} to give a token to.") from None
        return self.get_access_token(int(pk))

    def find_access_token(self, token_hash: str) -> AccessTokenRecord | None:
        """The token with that hash, or None. That it was used is kept, to the hour."""
        with self._database.read() as transaction:
            rows = transaction.fetch(_TOKEN, (token_hash,))
        if not rows:
            return None
        found = _to_token(rows[0])
        now = self._clock()
        if found.last_used_at is None or now - found.last_used_at >= _USED:
            with self._database.write() as transaction:
                transaction.execute(
                    update(access_token)
                    .where(access_token.c.pk == found.pk)
                    .values(last_used_at=to_micros(now))
                )
        return found

    def list_access_tokens(self, username: str | None) -> Sequence[AccessTokenRecord]:
        """The tokens of a user, or of everybody, the oldest first."""
        query = select(*access_token.c).order_by(access_token.c.pk)
        if username is not None:
            query = query.where(access_token.c.username == username)
        with self._database.read() as transaction:
            return [_to_token(row) for row in transaction.rows(query)]

    def get_access_token(self, pk: int) -> AccessTokenRecord:
        """Raises `NotFoundError`."""
        with self._database.read() as transaction:
            rows = transaction.rows(select(*access_token.c).where(access_token.c.pk == pk))
        if not rows:
            raise NotFoundError(f"There is no access token with the number {pk}.")
        return _to_token(tuple(rows[0]))

    def delete_access_token(self, pk: int) -> bool:
        """Let it count no more; False where there was none."""
        with self._database.write() as transaction:
            done = transaction.execute(delete(access_token).where(access_token.c.pk == pk))
            return done.rowcount > 0

    def revoke_token(self, token_id: str, expires_at: datetime) -> None:
        """A signed token counts no more. What has expired anyway is forgotten."""
        row = {"token_id": token_id, "expires_at": to_micros(expires_at)}
        long_ago = to_micros(self._clock() - timedelta(days=1))
        with self._database.write() as transaction:
            put(transaction, self._database.dialect, revoked_token, row)
            transaction.execute(delete(revoked_token).where(revoked_token.c.expires_at < long_ago))

    def get_secrets(self, prefix: str) -> Mapping[str, str]:
        """`{name: secret}` of the deployment's own whose names begin so."""
        with self._database.read() as transaction:
            rows = transaction.fetch(_SECRETS)
        return {
            name: self._opened_secret(sealed) for name, sealed in rows if name.startswith(prefix)
        }

    def _opened_secret(self, sealed: str) -> str:
        found = self._secrets.get(sealed)
        if found is None:
            found = self._box.open(sealed)
            self._secrets.put(sealed, found)
        return found

    def set_secret(self, name: str, value: str | None) -> None:
        """Keep a secret of the deployment's own, or remove it."""
        with self._database.write() as transaction:
            if value is None:
                gone = delete(tables.secret_key).where(tables.secret_key.c.name == name)
                transaction.execute(gone)
                return
            row = {"name": name, "value": self._box.seal(value)}
            put(transaction, self._database.dialect, tables.secret_key, row)


def _granted(
    transaction: Transaction, names: Sequence[str]
) -> Mapping[str, frozenset[GrantRecord]]:
    query = select(*role_permission.c).where(role_permission.c.role.in_(names))
    found: dict[str, set[GrantRecord]] = {}
    for name, action, resource, scope in transaction.rows(query):
        found.setdefault(name, set()).add(GrantRecord(action, resource, scope))
    return {name: frozenset(grants) for name, grants in found.items()}


def _to_token(row: Row) -> AccessTokenRecord:
    pk, username, name, _hash, scope, created_at, expires_at, last_used_at = row
    return AccessTokenRecord(
        pk=pk,
        username=username,
        name=name,
        scope=None if scope is None else tuple(json.loads(scope)),
        created_at=from_micros(created_at),
        expires_at=from_micros(expires_at),
        last_used_at=from_micros(last_used_at),
    )
