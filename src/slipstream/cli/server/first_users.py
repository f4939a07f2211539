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
    for name, role in _wanted(config):
        if store.get_account(name) is None:
            password = random_password()
            store.set_user(name, _hash_of_random(password), role)
            yield name, password


def _hash_of_random(password: str) -> str:
    """An argon2 hash made with little effort.

    The effort protects what people think of; 96 random bits nobody finds by trying, and the first
    start would take a fifth longer.
    """
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(password)


def _wanted(config: Config) -> Iterator[tuple[str, str]]:
    from slipstream.api.auth.access import BuiltIn

    setting = config.setting("core", "simple_auth_manager_users")
    for entry in (setting.value or "").split(","):
        name, _, role = entry.strip().partition(":")
        if not name:
            continue
        known = BuiltIn.known_as(role or "admin")
        if known is None:
            roles = ", ".join(one.title for one in BuiltIn)
            raise ConfigError(
                f"{setting.source}: [core] simple_auth_manager_users has {entry.strip()!r}; "
                f"expected NAME:ROLE with one of the roles {roles}."
            )
        yield name, known.title
