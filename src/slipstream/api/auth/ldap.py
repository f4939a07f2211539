"""Signing in by an LDAP directory: the entry is looked up, and its own password tried on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from slipstream.api.auth.access import role_name
from slipstream.api.auth.people import all_roles
from slipstream.api.call import Call
from slipstream.api.errors import NotAuthenticatedError, NotConfiguredError
from slipstream.api.settings import LdapSettings
from slipstream.store.access_records import AccountRecord

if TYPE_CHECKING:
    from ldap3 import Server

_TIMEOUT_SECONDS: Final = 10
_SOURCE: Final = "ldap"


class LdapDirectory:
    """Vouches for people who have an entry in a directory."""

    def __init__(self, settings: LdapSettings) -> None:
        """Nothing is connected to before somebody signs in."""
        self._settings = settings

    def sign_in(self, call: Call, username: str, password: str) -> AccountRecord | None:
        """The user, made or brought up to date; None for a wrong name or password.

        Raises `NotAuthenticatedError` where the directory does not answer.
        """
        found = self._entry(username)
        if found is None:
            return None
        name, attributes = found
        if not password or not self._binds(name, password):
            return None
        known = call.store.get_account(username)
        if known is not None and known.source != _SOURCE:
            return None
        account = replace(
            known or AccountRecord(username=username, source=_SOURCE),
            roles=self._roles(call, attributes),
            email=_first(attributes, "mail"),
            first_name=_first(attributes, "givenName"),
            last_name=_first(attributes, "sn"),
        )
        store = call.store
        return store.create_account(account) if known is None else store.update_account(account)

    def _entry(self, username: str) -> tuple[str, Mapping[str, Any]] | None:
        """Its distinguished name and attributes; None where there is none, or more than one."""
        from ldap3 import SUBTREE
        from ldap3.utils.conv import escape_filter_chars

        settings = self._settings
        wanted = settings.user_filter.replace("{username}", escape_filter_chars(username))
        with self._connected(settings.bind_dn, settings.bind_password) as connection:
            if not connection.bound:
                raise NotAuthenticatedError(
                    "The directory does not let the server itself in: see [slipstream] "
                    "ldap_bind_dn and ldap_bind_password."
                )
            connection.search(
                settings.base_dn,
                wanted,
                SUBTREE,
                attributes=["mail", "givenName", "sn", settings.group_attribute],
                size_limit=2,
            )
            entries = [one for one in connection.response or () if one["type"] == "searchResEntry"]
        if len(entries) != 1:
            return None
        return str(entries[0]["dn"]), entries[0]["attributes"]

    def _binds(self, name: str, password: str) -> bool:
        with self._connected(name, password) as connection:
            return bool(connection.bound)

    @contextmanager
    def _connected(self, name: str | None, password: str | None) -> Iterator[Any]:
        """A connection that has tried to bind; it is closed at the end."""
        from ldap3 import ANONYMOUS, SIMPLE, Connection
        from ldap3.core.exceptions import LDAPException

        connection = Connection(
            self._server(),
            user=name,
            password=password,
            authentication=SIMPLE if name else ANONYMOUS,
            raise_exceptions=False,
            check_names=False,
            receive_timeout=_TIMEOUT_SECONDS,
        )
        try:
            connection.open()
            if self._settings.start_tls:
                connection.start_tls()
            connection.bind()
            yield connection
        except LDAPException as error:
            raise NotAuthenticatedError(
                f"The directory does not answer as it should: {type(error).__name__}."
            ) from error
        finally:
            # Also where nobody was let in, or nothing was connected.
            opened = connection.socket
            connection.strategy.close()
            if opened is not None:
                opened.close()

    def _server(self) -> Server:
        try:
            from ldap3 import NONE, Server
        except ImportError as error:
            raise NotConfiguredError(
                "Directories need the package ldap3: install `slipstream[ldap]` on the server."
            ) from error
        return Server(self._settings.uri, get_info=NONE, connect_timeout=_TIMEOUT_SECONDS)

    def _roles(self, call: Call, attributes: Mapping[str, Any]) -> tuple[str, ...]:
        settings = self._settings
        there = {role.name for role in all_roles(call.store)}
        mapped = {group.lower(): role_name(role) for group, role in settings.group_roles.items()}
        groups = [str(group).lower() for group in _all(attributes, settings.group_attribute)]
        roles = dict.fromkeys(mapped[group] for group in groups if group in mapped)
        known = tuple(role for role in roles if role in there)
        if known or not settings.default_role:
            return known
        return (role_name(settings.default_role),)


def _all(attributes: Mapping[str, Any], name: str) -> list[Any]:
    found = attributes.get(name) or []
    values = found if isinstance(found, list) else [found]
    return [value.decode() if isinstance(value, bytes) else value for value in values]


def _first(attributes: Mapping[str, Any], name: str) -> str:
    return next((str(value) for value in _all(attributes, name)), "")
