"""The users that a new deployment begins with."""

from __future__ import annotations

from collections.abc import Iterator

from slipstream.cli.users import random_password
from slipstream.config import Config, ConfigError
from slipstream.store.interface import Store


def create_missing_users(config: Config, store: Store) -> Iterator[tuple[str, str]]:
    """Make the users of `[core] simple_auth_manager_users` that are not there yet.

    Gives `(name, password)` of each new one: the only time that the password is known.
    """
    from slipstream.api.auth.passwords import hash_password

    for name, role in _wanted(config):
        if store.get_user_hash(name) is None:
            password = random_password()
            store.set_user(name, hash_password(password), role)
            yield name, password


def _wanted(config: Config) -> Iterator[tuple[str, str]]:
    from slipstream.api.auth.access import Role

    setting = config.setting("core", "simple_auth_manager_users")
    for entry in (setting.value or "").split(","):
        name, _, role = entry.strip().partition(":")
        if not name:
            continue
        try:
            yield name, Role.named(role or "admin").name.lower()
        except ValueError as error:
            raise ConfigError(
                f"{setting.source}: [core] simple_auth_manager_users has {entry.strip()!r}: {error}"
            ) from error
