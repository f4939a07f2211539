"""Users and their roles as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update

from slipstream.model.errors import AlreadyExistsError, NotFoundError
from slipstream.store.access_records import AccessRecord, AccountRecord, GrantRecord
from slipstream.store.access_tables import (
    account,
    account_role,
    revoked_token,
    role,
    role_permission,
)
from slipstream.store.database import Row, Transaction
from slipstream.store.errors import ConstraintViolatedError
from slipstream.store.filters import like, ordering
from slipstream.store.parts import StoreParts
from slipstream.store.records import Page, Window
from slipstream.store.statements import Statement
from slipstream.store.times import from_micros, to_micros

_COLUMNS = tuple(account.c)
_SECRET = {"password_hash", "totp_secret", "totp_step", "totp_enrolled"}
_ORDERS: dict[str, ColumnElement[Any]] = {
    **{column.name: column for column in _COLUMNS if column.name not in _SECRET},
    "id": account.c.username,
}
_COUNTED = {"created_at", "last_login_at", "login_count", "failed_login_count", "totp_step"}
"""What becomes of a user by itself."""

_ACCOUNT = Statement(
    select(*_COLUMNS).where(account.c.username == bindparam("username")), ("username",)
)
_ROLES = Statement(
    select(account_role.c.role)
    .where(account_role.c.username == bindparam("username"))
    .order_by(account_role.c.role),
    ("username",),
)
_GRANTS = Statement(
    select(
        role.c.name,
        role_permission.c.action,
        role_permission.c.resource,
        role_permission.c.scope,
    )
    .join(account_role, account_role.c.role == role.c.name)
    .outerjoin(role_permission, role_permission.c.role == role.c.name)
    .where(account_role.c.username == bindparam("username")),
    ("username",),
)
_REVOKED = Statement(
    select(revoked_token.c.token_id).where(revoked_token.c.token_id == bindparam("token_id")),
    ("token_id",),
)


class AccountVerbs(StoreParts):
    """Who may sign in."""

    def get_account(self, username: str) -> AccountRecord | None:
        """The user, or None."""
        with self._database.read() as transaction:
            return self._find_account(transaction, username)

    def list_accounts(self, pattern: str | None, window: Window) -> Page[AccountRecord]:
        """A page of users, by default ordered by name."""
        conditions = like(account.c.username, pattern)
        page = select(*_COLUMNS).where(*conditions)
        page = page.order_by(*ordering(window, _ORDERS, account.c.username))
        total = select(func.count()).select_from(account).where(*conditions)
        with self._database.read() as transaction:
            rows = transaction.rows(page.limit(window.limit).offset(window.offset))
            names = [row[0] for row in rows]
            pairs = transaction.rows(
                select(*account_role.c)
                .where(account_role.c.username.in_(names))
                .order_by(account_role.c.role)
            )
            roles: dict[str, list[str]] = {}
            for username, given in pairs:
                roles.setdefault(username, []).append(given)
            found = [self._to_account(row, tuple(roles.get(row[0], ()))) for row in rows]
            return Page(found, transaction.value(total))

    def create_account(self, record: AccountRecord) -> AccountRecord:
        """Raises `AlreadyExistsError`."""
        row = self._account_row(record) | {
            "created_at": to_micros(self._clock()),
            "login_count": 0,
            "failed_login_count": 0,
        }
        try:
            with self._database.write() as transaction:
                transaction.execute(insert(account), [row])
                _put_roles(transaction, record.username, record.roles)
        except ConstraintViolatedError:
            raise AlreadyExistsError(
                f"There already is a user {record.username!r}; choose another name."
            ) from None
        return self._known_account(record.username)

    def update_account(self, record: AccountRecord) -> AccountRecord:
        """Replace what is known of a user, counts of sign-ins left alone."""
        with self._database.write() as transaction:
            done = transaction.execute(
                update(account)
                .where(account.c.username == record.username)
                .values(self._account_row(record))
            )
            if not done.rowcount:
                raise _no_user(record.username)
            _put_roles(transaction, record.username, record.roles)
        return self._known_account(record.username)

    def delete_account(self, username: str) -> bool:
        """Remove a user with their tokens; False where there was none."""
        with self._database.write() as transaction:
            done = transaction.execute(delete(account).where(account.c.username == username))
            return done.rowcount > 0

    def set_user(self, username: str, password_hash: str, role: str) -> bool:
        """Create a user, or give one that password and that role alone; True when new."""
        with self._database.write() as transaction:
            done = transaction.execute(
                update(account)
                .where(account.c.username == username)
                .values(password_hash=password_hash)
            )
            if not done.rowcount:
                record = AccountRecord(username=username, password_hash=password_hash)
                row = self._account_row(record) | {
                    "created_at": to_micros(self._clock()),
                    "login_count": 0,
                    "failed_login_count": 0,
                }
                transaction.execute(insert(account), [row])
            _put_roles(transaction, username, (role,))
            return not done.rowcount

    def note_login(self, username: str, *, succeeded: bool) -> None:
        """Count a sign-in, or one that failed."""
        known = update(account).where(account.c.username == username)
        counted = (
            known.values(
                login_count=account.c.login_count + 1,
                failed_login_count=0,
                last_login_at=to_micros(self._clock()),
            )
            if succeeded
            else known.values(failed_login_count=account.c.failed_login_count + 1)
        )
        with self._database.write() as transaction:
            transaction.execute(counted)

    def use_totp_step(self, username: str, step: int) -> bool:
        """Take the code of that time step; False where it, or a later one, was taken already."""
        unused = account.c.totp_step.is_(None) | (account.c.totp_step < step)
        with self._database.write() as transaction:
            done = transaction.execute(
                update(account).where(account.c.username == username, unused).values(totp_step=step)
            )
            return done.rowcount > 0

    def get_access(self, username: str, token_id: str | None = None) -> AccessRecord | None:
        """All that decides what a user may do with that token; None for an unknown user."""
        with self._database.read() as transaction:
            found = self._find_account(transaction, username)
            if found is None:
                return None
            granted = transaction.fetch(_GRANTS, (username,))
            revoked = token_id is not None and bool(transaction.fetch(_REVOKED, (token_id,)))
        stored: dict[str, set[GrantRecord]] = {}
        for name, action, resource, scope in granted:
            grants = stored.setdefault(name, set())
            if action is not None:
                grants.add(GrantRecord(action, resource, scope))
        return AccessRecord(
            account=found,
            stored_roles={name: frozenset(grants) for name, grants in stored.items()},
            token_is_revoked=revoked,
        )

    def revoke_tokens_of(self, username: str) -> bool:
        """No signed token that the user was given up to now counts any more."""
        with self._database.write() as transaction:
            done = transaction.execute(
                update(account)
                .where(account.c.username == username)
                .values(tokens_valid_after=to_micros(self._clock()))
            )
            return done.rowcount > 0

    def _known_account(self, username: str) -> AccountRecord:
        found = self.get_account(username)
        if found is None:
            raise _no_user(username)
        return found

    def _find_account(self, transaction: Transaction, username: str) -> AccountRecord | None:
        rows = transaction.fetch(_ACCOUNT, (username,))
        if not rows:
            return None
        roles = transaction.fetch(_ROLES, (username,))
        return self._to_account(rows[0], tuple(str(given) for (given,) in roles))

    def _account_row(self, record: AccountRecord) -> dict[str, object]:
        row: dict[str, object] = {
            column.name: getattr(record, column.name)
            for column in _COLUMNS
            if column.name not in _COUNTED
        }
        row["tokens_valid_after"] = to_micros(record.tokens_valid_after)
        secret = record.totp_secret
        row["totp_secret"] = None if secret is None else self._box.seal(secret)
        return row

    def _to_account(self, row: Row, roles: tuple[str, ...]) -> AccountRecord:
        values = dict(zip((column.name for column in _COLUMNS), row, strict=True))
        for name in ("created_at", "last_login_at", "tokens_valid_after"):
            values[name] = from_micros(values[name])
        for name in ("is_active", "totp_enrolled"):
            values[name] = bool(values[name])
        sealed = values["totp_secret"]
        values["totp_secret"] = None if sealed is None else self._box.open(sealed)
        return AccountRecord(**values, roles=roles)


def _put_roles(transaction: Transaction, username: str, roles: tuple[str, ...]) -> None:
    transaction.execute(delete(account_role).where(account_role.c.username == username))
    rows = [{"username": username, "role": given} for given in sorted(set(roles))]
    if rows:
        transaction.execute(insert(account_role), rows)


def _no_user(username: str) -> NotFoundError:
    return NotFoundError(f"There is no user {username!r}.")
