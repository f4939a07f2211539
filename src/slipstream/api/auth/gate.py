"""Decides, before anything else happens, whether a request may go on."""

from __future__ import annotations

from starlette.requests import Request

from slipstream.api.auth.access import ANYBODY, Permission, Role, User
from slipstream.api.auth.cookie import session_of
from slipstream.api.auth.tokens import Tokens
from slipstream.api.errors import NotAllowedError, NotAuthenticatedError
from slipstream.store.interface import SettingsStore


class Gate:
    """Finds out who asks, and refuses what their role does not allow."""

    def __init__(self, store: SettingsStore, tokens: Tokens, *, all_admins: bool) -> None:
        self._store = store
        self._tokens = tokens
        self._all_admins = all_admins

    def admit(self, request: Request, permission: Permission) -> User:
        """The user. Raises `NotAuthenticatedError` or `NotAllowedError`."""
        user = self._who(request)
        if not user.may(permission):
            raise NotAllowedError(
                f"Forbidden: the role {user.role.name.lower()} of {user.name!r} does not allow to "
                f"{permission.action} a {permission.resource.replace('_', ' ')}."
            )
        return user

    def _who(self, request: Request) -> User:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return self.user_of(session_of(request))
        if scheme.lower() != "bearer":
            raise NotAuthenticatedError(
                f"The authorization scheme is {scheme!r}; 'Bearer' with a token is expected."
            )
        return self._user_named(self._tokens.read(token.strip()))

    def user_of(self, session: str | None) -> User:
        """Whose session it is; without one, everybody's where all are administrators.

        Raises `NotAuthenticatedError`.
        """
        if session is not None:
            try:
                return self._user_named(self._tokens.read(session))
            except NotAuthenticatedError:
                if not self._all_admins:
                    raise
        if self._all_admins:
            return ANYBODY
        raise NotAuthenticatedError("Not authenticated")

    def _user_named(self, name: str) -> User:
        """The role is looked up each time: it may have changed since the token was issued."""
        found = self._store.get_user_hash(name)
        if found is not None:
            return User(name, _role_of(name, found[1]))
        if self._all_admins:
            return User(name, Role.ADMIN)
        raise NotAuthenticatedError(f"There is no user {name!r} any more.")


def _role_of(name: str, role: str) -> Role:
    try:
        return Role.named(role)
    except ValueError as error:
        raise NotAllowedError(f"Forbidden: the user {name!r} has no known role. {error}") from error
