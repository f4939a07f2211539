"""Decides, before anything else happens, whether a request may go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from starlette.requests import Request

from slipstream.api.auth.access import OF_DAGS, BuiltIn, Permission, Resource, reading
from slipstream.api.auth.cookie import session_of
from slipstream.api.auth.personal import hash_of, is_personal
from slipstream.api.auth.tokens import SignedToken, Tokens
from slipstream.api.auth.user import (
    ANYBODY,
    User,
    grants_of_roles,
    grants_of_scope,
    narrowed,
)
from slipstream.api.errors import NotAllowedError, NotAuthenticatedError
from slipstream.store.access_records import AccessRecord, AccountRecord
from slipstream.store.interface import AccessStore

_ANY_DAG = "~"
CLOCKS_DIFFER_SECONDS = 2.0
"""By how much the clocks of two servers of a deployment may differ, so that who was made on one
can sign in on the other at once."""


class Gate:
    """Finds out who asks, and refuses what their roles do not allow."""

    def __init__(
        self,
        store: AccessStore,
        tokens: Tokens,
        clock: Callable[[], datetime],
        *,
        all_admins: bool,
        bundles: Mapping[str, str] | None = None,
    ) -> None:
        """`bundles` is `{bundle: its team}`."""
        self._bundles = bundles or {}
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._all_admins = all_admins

    def admit(self, request: Request, permission: Permission) -> tuple[User, frozenset[str] | None]:
        """The user, and the DAGs that the request is confined to (None: it is not).

        Raises `NotAuthenticatedError` or `NotAllowedError`.
        """
        user = self.who(request)
        dags = self._dags(user, permission)
        if permission.resource in OF_DAGS:
            allowed = dags is None or bool(dags)
        else:
            allowed = user.may(permission)
        if not allowed:
            raise _refusal(user, permission)
        dag_id = request.path_params.get("dag_id")
        if dags is not None and dag_id not in (None, _ANY_DAG) and dag_id not in dags:
            raise _refusal(user, permission, f" of {dag_id!r}")
        return user, dags

    def _dags(self, user: User, permission: Permission) -> frozenset[str] | None:
        """Where it is about something else, they see what they may see of DAGs there."""
        about = permission if permission.resource in OF_DAGS else reading(Resource.DAG)
        return user.dags(about, self._store)

    def who(self, request: Request) -> User:
        """Who sends the request. Raises `NotAuthenticatedError`."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return self.user_of(session_of(request))
        if scheme.lower() != "bearer":
            raise NotAuthenticatedError(
                f"The authorization scheme is {scheme!r}; 'Bearer' with a token is expected."
            )
        token = token.strip()
        if is_personal(token):
            return self._owner_of(token)
        return self._signed_in(self._tokens.read(token))

    def user_of(self, session: str | None) -> User:
        """Whose session it is; without one, everybody's where all are administrators.

        Raises `NotAuthenticatedError`.
        """
        if session is not None:
            try:
                return self._signed_in(self._tokens.read(session))
            except NotAuthenticatedError:
                if not self._all_admins:
                    raise
        if self._all_admins:
            return ANYBODY
        return self._public()

    def _public(self) -> User:
        """Nobody in particular, where the role `Public` gives something."""
        public = self._store.get_role(BuiltIn.PUBLIC.title)
        if public is None or not public.grants:
            raise NotAuthenticatedError("Not authenticated")
        return User(
            name="Anonymous", roles=(public.name,), grants=public.grants, bundles=self._bundles
        )

    def _signed_in(self, token: SignedToken) -> User:
        """Roles are looked up each time: they may have changed since the token was issued."""
        access = self._store.get_access(token.user_name, token.token_id)
        if access is None:
            if self._all_admins:
                return User(name=token.user_name, roles=ANYBODY.roles, grants=ANYBODY.grants)
            raise NotAuthenticatedError(f"There is no user {token.user_name!r} any more.")
        _require_active(access)
        if access.token_is_revoked or _is_of_before(access.account, token):
            raise NotAuthenticatedError(
                "The token was revoked. Get a new one from POST /auth/token."
            )
        return User(
            name=token.user_name,
            roles=access.account.roles,
            grants=grants_of_roles(access.account.roles, access.stored_roles),
            token_id=token.token_id,
            bundles=self._bundles,
        )

    def _owner_of(self, token: str) -> User:
        found = self._store.find_access_token(hash_of(token))
        if found is None:
            raise NotAuthenticatedError(
                "There is no such access token any more: it was deleted, or never was one."
            )
        if found.expires_at is not None and found.expires_at <= self._clock():
            raise NotAuthenticatedError(
                f"The access token {found.name!r} expired at {found.expires_at.isoformat()}. "
                "Make a new one."
            )
        access = self._store.get_access(found.username)
        if access is None:
            raise NotAuthenticatedError(f"There is no user {found.username!r} any more.")
        _require_active(access)
        given = grants_of_roles(access.account.roles, access.stored_roles)
        scope = None if found.scope is None else grants_of_scope(found.scope)
        return User(
            name=found.username,
            roles=access.account.roles,
            grants=narrowed(given, scope),
            token_grants=scope,
            bundles=self._bundles,
            is_program=True,
        )


def _is_of_before(account: AccountRecord, token: SignedToken) -> bool:
    """Whether it was issued before all tokens were revoked, or to somebody who had the name before
    this user was made."""
    after, made = account.tokens_valid_after, account.created_at
    if after is not None and token.issued_at <= after.timestamp():
        return True
    return made is not None and token.issued_at < made.timestamp() - CLOCKS_DIFFER_SECONDS


def _require_active(access: AccessRecord) -> None:
    if not access.account.is_active:
        raise NotAuthenticatedError(
            f"The user {access.account.username!r} was deactivated; an administrator can change "
            "that."
        )


def _refusal(user: User, permission: Permission, whose: str = "") -> NotAllowedError:
    roles = ", ".join(user.roles) or "none"
    through = "" if user.token_grants is None else ", with this access token,"
    resource = permission.resource.replace("_", " ")
    article = "an" if resource[0] in "aeio" else "a"
    return NotAllowedError(
        f"Forbidden: what {user.name!r} may do by their roles ({roles}){through} does not include "
        f"to {permission.action} {article} {resource}{whose}."
    )
