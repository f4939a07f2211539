"""What the store offers of users, roles and tokens; see `interface`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from slipstream.store.access_records import (
    AccessRecord,
    AccessTokenRecord,
    AccountRecord,
    GrantRecord,
    RoleRecord,
)
from slipstream.store.records import Page, Window


class AccessStore(Protocol):
    """Who may sign in, and what they may do."""

    def get_account(self, username: str) -> AccountRecord | None:
        """The user, or None."""

    def list_accounts(self, pattern: str | None, window: Window) -> Page[AccountRecord]:
        """A page of users, by default ordered by name."""

    def create_account(self, account: AccountRecord) -> AccountRecord:
        """Raises `AlreadyExistsError`."""

    def update_account(self, account: AccountRecord) -> AccountRecord:
        """Replace what is known of a user, counts of sign-ins left alone. Raises
        `NotFoundError`."""

    def delete_account(self, username: str) -> bool:
        """Remove a user with their tokens; False where there was none."""

    def set_user(self, username: str, password_hash: str, role: str) -> bool:
        """Create a user, or give one that password and that role alone; True when new."""

    def note_login(self, username: str, *, succeeded: bool) -> None:
        """Count a sign-in, or one that failed. An unknown user is ignored."""

    def use_totp_step(self, username: str, step: int) -> bool:
        """Take the code of that time step; False where it, or a later one, was taken already."""

    def get_access(self, username: str, token_id: str | None = None) -> AccessRecord | None:
        """All that decides what a user may do with that token; None for an unknown user."""

    def get_role(self, name: str) -> RoleRecord | None:
        """A stored role, or None."""

    def list_roles(self) -> Sequence[RoleRecord]:
        """Every stored role, by name."""

    def put_role(self, role: RoleRecord) -> bool:
        """Create or replace; True when it was new."""

    def delete_role(self, name: str, *, from_members: bool = True) -> bool:
        """Remove a role, also from who has it; False where there was none."""

    def count_role_members(self, name: str) -> int:
        """How many users have the role."""

    def granted_dags(self, roles: Collection[str]) -> Mapping[str, frozenset[GrantRecord]]:
        """`{dag_id: what its file gives to these roles}`, in the file's words, without scopes."""

    def dags_tagged(self, tags: Collection[str]) -> Mapping[str, frozenset[str]]:
        """`{tag: DAGs that have it}`."""

    def dags_in_bundles(self, bundles: Collection[str]) -> Mapping[str, frozenset[str]]:
        """`{bundle: DAGs that lie in it}`."""

    def add_access_token(
        self,
        username: str,
        name: str,
        token_hash: str,
        scope: Sequence[str] | None,
        expires_at: datetime | None,
    ) -> AccessTokenRecord:
        """Keep a personal access token. Raises `NotFoundError` for an unknown user."""

    def find_access_token(self, token_hash: str) -> AccessTokenRecord | None:
        """The token with that hash, or None. That it was used is kept, to the hour."""

    def list_access_tokens(self, username: str | None) -> Sequence[AccessTokenRecord]:
        """The tokens of a user, or of everybody, the oldest first."""

    def get_access_token(self, pk: int) -> AccessTokenRecord:
        """Raises `NotFoundError`."""

    def delete_access_token(self, pk: int) -> bool:
        """Let it count no more; False where there was none."""

    def revoke_token(self, token_id: str, expires_at: datetime) -> None:
        """A signed token counts no more. What has expired anyway is forgotten."""

    def revoke_tokens_of(self, username: str) -> bool:
        """No signed token that the user was given up to now counts any more; False where there is
        no such user."""

    def get_secrets(self, prefix: str) -> Mapping[str, str]:
        """`{name: secret}` of the deployment's own whose names begin so."""

    def set_secret(self, name: str, value: str | None) -> None:
        """Keep a secret of the deployment's own, or remove it."""
