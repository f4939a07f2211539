"""Who may sign in and what they may do, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class GrantRecord(NamedTuple):
    """Leave to do something to a resource, everywhere or within a scope."""

    action: str
    resource: str
    scope: str = ""
    """Empty for everywhere, `dag:` and a DAG's id, or `tag:` and a tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """Somebody who may sign in. Its representation shows no secret."""

    username: str
    password_hash: str | None = field(default=None, repr=False)
    """None where somebody else vouches for them."""
    roles: tuple[str, ...] = ()
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    source: str = "database"
    """Who vouches for them: `database`, `ldap` or `oidc`."""
    is_active: bool = True
    created_at: datetime | None = None
    """None until it is stored."""
    last_login_at: datetime | None = None
    login_count: int = 0
    failed_login_count: int = 0
    """Since the last sign-in that went well."""
    tokens_valid_after: datetime | None = None
    """Signed tokens that were issued before count no more."""
    totp_secret: str | None = field(default=None, repr=False)
    totp_enrolled: bool = False
    """Whether a code is asked for; False until the first one was right."""
    totp_step: int | None = None
    """The time step of the code that was used last: none is taken twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRecord:
    """A role with all that it gives."""

    name: str
    grants: frozenset[GrantRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRecord:
    """What is to be known of a user at each request."""

    account: AccountRecord
    stored_roles: Mapping[str, frozenset[GrantRecord]]
    """`{role: grants}` of the user's roles, as far as they are stored."""
    token_is_revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokenRecord:
    """A personal access token; the token itself nobody has but its owner."""

    pk: int
    username: str
    name: str
    scope: Sequence[str] | None
    """What it is good for, as texts; None for all that its user may do."""
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
