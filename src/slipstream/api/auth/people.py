"""Users and roles, at the addresses and in the shapes of Airflow's FAB provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import (
    ALL,
    BUILT_IN,
    BuiltIn,
    Resource,
    creating,
    deleting,
    editing,
    reading,
    role_name,
)
from slipstream.api.auth.grants import (
    fab_action,
    fab_resource,
    grant_from_fab,
    grants_of,
)
from slipstream.api.auth.passwords import hash_password
from slipstream.api.auth.payloads import (
    ActionBody,
    ActionCollection,
    ActionResource,
    Named,
    RoleBody,
    RoleCollection,
    RoleName,
    RoleResponse,
    UserBody,
    UserCollection,
    UserPatchBody,
    UserResponse,
)
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.filters import Paging
from slipstream.api.update_mask import changed_fields
from slipstream.model.errors import ConflictError, InvalidInputError, NotFoundError
from slipstream.store.access_records import AccountRecord, GrantRecord, RoleRecord
from slipstream.store.interface import AccessStore
from slipstream.store.records import Window

routes = Routes("Users and roles", prefix="/auth/fab/v1")

_USER_ORDER: Final = {
    "id": "username",
    "username": "username",
    "user_name": "username",
    "first_name": "first_name",
    "last_name": "last_name",
    "email": "email",
    "is_active": "is_active",
    "active": "is_active",
    "created_on": "created_at",
    "last_login": "last_login_at",
    "login_count": "login_count",
}
_MOST_ADMINS: Final = 1000


class UserQuery(Paging):
    """Which users."""


@routes.add("GET", "/users", permission=reading(Resource.USER), answer=UserCollection)
def get_users(call: Call, query: Annotated[UserQuery, QueryParameter()]) -> UserCollection:
    """A page of users."""
    page = call.store.list_accounts(None, query.window(call.settings, _USER_ORDER))
    return UserCollection(users=[_user(one) for one in page.items], total_entries=page.total)


@routes.add("POST", "/users", permission=creating(Resource.USER), answer=UserResponse, status=201)
def post_user(call: Call, body: UserBody) -> UserResponse:
    """Make a user."""
    record = AccountRecord(
        username=body.username,
        password_hash=hash_password(required_password(body.password)),
        roles=known_roles(call.store, [one.name for one in body.roles]),
        first_name=body.first_name,
        last_name=body.last_name,
        email=body.email,
        is_active=body.active,
    )
    return _user(call.store.create_account(record))


@routes.add("GET", "/users/{username}", permission=reading(Resource.USER), answer=UserResponse)
def get_user(call: Call, username: str) -> UserResponse:
    """One user."""
    return _user(existing(call.store, username))


@routes.add("PATCH", "/users/{username}", permission=editing(Resource.USER), answer=UserResponse)
def patch_user(
    call: Call,
    username: str,
    body: UserPatchBody,
    update_mask: Annotated[list[str] | None, QueryParameter()] = None,
) -> UserResponse:
    """Change what is sent of a user. A new password ends what was signed in with the old one, and
    so does it to be deactivated, also for who is made active again."""
    before = existing(call.store, username)
    sent = changed_fields(body, update_mask)
    if body.username is not None and body.username != username:
        raise InvalidInputError(
            f"A user's name cannot change: {username!r} was asked for and {body.username!r} sent."
        )
    after = before
    for name in ("first_name", "last_name", "email"):
        if name in sent and getattr(body, name) is not None:
            after = replace(after, **{name: getattr(body, name)})
    if "active" in sent and body.active is not None:
        after = replace(after, is_active=body.active)
        if not body.active:
            after = replace(after, tokens_valid_after=call.now())
    if "roles" in sent and body.roles is not None:
        roles = known_roles(call.store, [one.name for one in body.roles])
        after = replace(after, roles=roles)
    if "password" in sent and body.password is not None:
        after = replace(
            after,
            password_hash=hash_password(required_password(body.password)),
            tokens_valid_after=call.now(),
        )
    if is_administrator(before) and not is_administrator(after):
        require_another_administrator(call.store, username)
    return _user(call.store.update_account(after))


@routes.add("DELETE", "/users/{username}", permission=deleting(Resource.USER), status=204)
def delete_user(call: Call, username: str) -> None:
    """Remove a user and their tokens."""
    if is_administrator(existing(call.store, username)):
        require_another_administrator(call.store, username)
    call.store.delete_account(username)


@routes.add("DELETE", "/users/{username}/tokens", permission=editing(Resource.USER), status=204)
def delete_user_tokens(call: Call, username: str) -> None:
    """Sign a user out everywhere, and remove their personal access tokens."""
    existing(call.store, username)
    call.store.revoke_tokens_of(username)
    for token in call.store.list_access_tokens(username):
        call.store.delete_access_token(token.pk)


@routes.add("DELETE", "/users/{username}/mfa", permission=editing(Resource.USER), status=204)
def delete_user_mfa(call: Call, username: str) -> None:
    """Ask a user for no code any more: they have lost their phone."""
    account = existing(call.store, username)
    call.store.update_account(replace(account, totp_secret=None, totp_enrolled=False))


@routes.add("GET", "/roles", permission=reading(Resource.ROLE), answer=RoleCollection)
def get_roles(call: Call, query: Annotated[Paging, QueryParameter()]) -> RoleCollection:
    """Every role with what it gives, built-in ones first."""
    roles = all_roles(call.store)
    window = query.window(call.settings, {"name": "name", "id": "name"})
    if window.order_by:
        roles = sorted(
            roles, key=lambda role: role.name, reverse=window.order_by[0].startswith("-")
        )
    page = roles[window.offset : window.offset + window.limit]
    return RoleCollection(roles=[_role(one) for one in page], total_entries=len(roles))


@routes.add("POST", "/roles", permission=creating(Resource.ROLE), answer=RoleResponse, status=201)
def post_role(call: Call, body: RoleBody) -> RoleResponse:
    """Make a role."""
    name = role_name(body.name)
    if BuiltIn.known_as(name) is not None or call.store.get_role(name) is not None:
        raise ConflictError(f"There already is a role {name!r}; change it with PATCH.")
    role = RoleRecord(name=name, grants=_grants(body.actions))
    call.store.put_role(role)
    return _role(role)


@routes.add("GET", "/roles/{name}", permission=reading(Resource.ROLE), answer=RoleResponse)
def get_role(call: Call, name: str) -> RoleResponse:
    """One role with what it gives."""
    return _role(existing_role(call.store, name))


@routes.add("PATCH", "/roles/{name}", permission=editing(Resource.ROLE), answer=RoleResponse)
def patch_role(
    call: Call,
    name: str,
    body: RoleBody,
    update_mask: Annotated[list[str] | None, QueryParameter()] = None,
) -> RoleResponse:
    """Give a role what is sent in the place of what it gives."""
    before = existing_role(call.store, name)
    if BuiltIn.known_as(before.name) is BuiltIn.ADMIN:
        raise ConflictError("The role Admin gives everything, so that nobody is locked out.")
    sent = changed_fields(body, update_mask)
    if "name" in sent and role_name(body.name) != before.name:
        raise InvalidInputError(f"A role's name cannot change: make {body.name!r} anew.")
    grants = _grants(body.actions) if "actions" in sent else before.grants
    role = RoleRecord(name=before.name, grants=grants)
    call.store.put_role(role)
    return _role(role)


@routes.add("DELETE", "/roles/{name}", permission=deleting(Resource.ROLE), status=204)
def delete_role(call: Call, name: str) -> None:
    """Remove a role. A built-in one gives again what it gave at first."""
    role = existing_role(call.store, name)
    is_built_in = BuiltIn.known_as(role.name) is not None
    if not call.store.delete_role(role.name, from_members=not is_built_in):
        raise ConflictError(f"The role {role.name} is built in and was not changed.")


@routes.add("GET", "/permissions", permission=reading(Resource.ROLE), answer=ActionCollection)
def get_permissions(call: Call, query: Annotated[Paging, QueryParameter()]) -> ActionCollection:
    """Everything that a role can give."""
    window = query.window(call.settings, {"id": "id"})
    grants = sorted(grants_of(ALL), key=lambda grant: (grant.resource, grant.action))
    page = grants[window.offset : window.offset + window.limit]
    return ActionCollection(actions=[_action(one) for one in page], total_entries=len(grants))


def existing(store: AccessStore, username: str) -> AccountRecord:
    """The user. Raises `NotFoundError`."""
    found = store.get_account(username)
    if found is None:
        raise NotFoundError(f"The User with username `{username}` was not found")
    return found


def all_roles(store: AccessStore) -> list[RoleRecord]:
    """Built-in roles, as they are by now, and the deployment's own by name."""
    stored = {role.name: role for role in store.list_roles()}
    built_in = [
        stored.pop(role.title, RoleRecord(name=role.title, grants=grants_of(BUILT_IN[role])))
        for role in BuiltIn
    ]
    return [*built_in, *stored.values()]


def existing_role(store: AccessStore, name: str) -> RoleRecord:
    """The role, whoever has made it. Raises `NotFoundError`."""
    wanted = role_name(name)
    for role in all_roles(store):
        if role.name == wanted:
            return role
    raise NotFoundError(f"Role with name {name!r} was not found")


def known_roles(store: AccessStore, names: Sequence[str]) -> tuple[str, ...]:
    """The roles as they are called here. Raises `InvalidInputError` for one that there is not."""
    known = {role.name for role in all_roles(store)}
    wanted = tuple(dict.fromkeys(role_name(name) for name in names))
    for name in wanted:
        if name not in known:
            raise InvalidInputError(
                f"There is no role {name!r}; the roles are {', '.join(sorted(known))}."
            )
    return wanted


def required_password(password: str) -> str:
    """The password. Raises `InvalidInputError` for an empty one."""
    if not password:
        raise InvalidInputError("The password is empty; expected one that nobody guesses.")
    return password


def is_administrator(account: AccountRecord) -> bool:
    """Whether they may do everything."""
    is_admin = any(BuiltIn.known_as(role) is BuiltIn.ADMIN for role in account.roles)
    return is_admin and account.is_active


def require_another_administrator(store: AccessStore, username: str) -> None:
    """Raises `ConflictError` where nobody would be left who may do everything."""
    page = store.list_accounts(None, Window(limit=_MOST_ADMINS))
    if not any(is_administrator(one) for one in page.items if one.username != username):
        raise ConflictError(
            f"{username!r} is the only administrator: make somebody else one first."
        )


def _grants(actions: Sequence[ActionBody]) -> frozenset[GrantRecord]:
    return frozenset(grant_from_fab(one.action.name, one.resource.name) for one in actions)


def _user(account: AccountRecord) -> UserResponse:
    return UserResponse(
        username=account.username,
        first_name=account.first_name,
        last_name=account.last_name,
        email=account.email,
        active=account.is_active,
        roles=[RoleName(name=role) for role in account.roles],
        created_on=account.created_at,
        last_login=account.last_login_at,
        login_count=account.login_count,
        failed_login_count=account.failed_login_count,
        source=account.source,
        has_second_factor=account.totp_enrolled,
    )


def _role(role: RoleRecord) -> RoleResponse:
    return RoleResponse(
        name=role.name,
        actions=[_action(grant) for grant in sorted(role.grants)],
        is_built_in=BuiltIn.known_as(role.name) is not None,
    )


def _action(grant: GrantRecord) -> ActionResource:
    return ActionResource(
        action=Named(name=fab_action(grant.action)), resource=Named(name=fab_resource(grant))
    )
