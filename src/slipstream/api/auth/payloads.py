"""What signing in, users, roles and tokens take and give."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from slipstream.api.payloads.base import Instant, Payload
from slipstream.api.payloads.bodies import Body


class LoginBody(Body):
    """A user name and its password."""

    username: str
    password: str
    totp: str | None = None
    """The code of an authenticator app, where the user has one."""


class LoginResponse(Payload, frozen=True, kw_only=True):
    """The token to send as `Authorization: Bearer …`."""

    access_token: str


class NameBody(Body):
    """Something by its name."""

    name: str = Field(min_length=1, max_length=250)


class UserBody(Body):
    """A user to make."""

    username: str = Field(min_length=1, max_length=250, pattern=r"^[^\x00-\x1f/]+$")
    password: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    roles: list[NameBody] = Field(default_factory=list)
    active: bool = True


class UserPatchBody(Body):
    """What is to change of a user."""

    username: str | None = None
    password: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    roles: list[NameBody] | None = None
    active: bool | None = None


class ActionBody(Body):
    """An action on a resource."""

    action: NameBody
    resource: NameBody


class RoleBody(Body):
    """A role with all that it gives."""

    name: str = Field(min_length=1, max_length=250, pattern=r"^[^\x00-\x1f/]+$")
    actions: list[ActionBody] = Field(default_factory=list)


class AccessTokenBody(Body):
    """A personal access token to make."""

    name: str = Field(min_length=1, max_length=250)
    scope: list[str] | None = None
    """`read:dag`, `create:dag_run@dag:sales`, `read:*`; without it all that the user may do."""
    expires_in_days: int | None = Field(default=90, ge=1, le=3650)
    """None for a token that does not expire."""


class PasswordBody(Body):
    """A new password in the place of an old one."""

    old_password: str
    new_password: str


class CodeBody(Body):
    """A code of an authenticator app."""

    code: str


class Named(Payload, frozen=True, kw_only=True):
    """Something by its name."""

    name: str


RoleName = Named


class UserResponse(Payload, frozen=True, kw_only=True):
    """A user. Of passwords and codes nothing is told."""

    username: str
    first_name: str
    last_name: str
    email: str
    active: bool
    roles: Sequence[Named]
    created_on: Instant | None
    last_login: Instant | None
    login_count: int
    failed_login_count: int
    source: str
    """Who vouches for them: `database`, `ldap` or `oidc`."""
    has_second_factor: bool


class UserCollection(Payload, frozen=True, kw_only=True):
    """A page of users."""

    users: Sequence[UserResponse]
    total_entries: int


class ActionResource(Payload, frozen=True, kw_only=True):
    """An action on a resource."""

    action: Named
    resource: Named


class ActionCollection(Payload, frozen=True, kw_only=True):
    """A page of what roles can give."""

    actions: Sequence[ActionResource]
    total_entries: int


class RoleResponse(Payload, frozen=True, kw_only=True):
    """A role with all that it gives."""

    name: str
    actions: Sequence[ActionResource]
    is_built_in: bool


class RoleCollection(Payload, frozen=True, kw_only=True):
    """A page of roles."""

    roles: Sequence[RoleResponse]
    total_entries: int


class AccessTokenResponse(Payload, frozen=True, kw_only=True):
    """A personal access token, without the token."""

    id: int
    username: str
    name: str
    scope: Sequence[str] | None
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None


class NewAccessTokenResponse(AccessTokenResponse, frozen=True, kw_only=True):
    """A new one, with the token: it is shown this once."""

    token: str


class AccessTokenCollection(Payload, frozen=True, kw_only=True):
    """Personal access tokens."""

    tokens: Sequence[AccessTokenResponse]
    total_entries: int


class EnrolmentResponse(Payload, frozen=True, kw_only=True):
    """What an authenticator app is told, shown this once."""

    secret: str
    url: str
    """`otpauth://totp/…`, to be shown as a QR code."""


class MeResponse(Payload, frozen=True, kw_only=True):
    """Who asks."""

    name: str
    roles: Sequence[str]
    may: Sequence[str]
    """`action:resource` of all that they may do, be it in some DAGs alone."""
    source: str | None
    """Who vouches for them; None for nobody in particular."""
    has_second_factor: bool
    has_password: bool
    """Whether a password is kept here, which they can change."""
