"""Secrets that a command or a secrets backend tells, as Airflow's `_CMD` and `_SECRET` do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, cast

from slipstream.config.constraints import Name
from slipstream.config.errors import ConfigError
from slipstream.config.sources import Given
from slipstream.model.json import JsonValue

if TYPE_CHECKING:
    from slipstream.config.tree import Config

COMMAND_TIMEOUT_SECONDS = 60


class SecretsBackend(Protocol):
    """The one method of Airflow's secrets backends that settings need."""

    def get_config(self, key: str) -> str | None:
        """The value kept under that key, or None."""


def resolve(config: Config, asked: Name, given: Given) -> str:
    """The secret behind a `key_cmd` or `key_secret` setting. Raises `ConfigError`."""
    source = given.origin.describe(asked)
    if asked[1].endswith("_cmd"):
        return _output_of(given.text, asked, source)
    return _from_backend(config, given.text, asked, source)


def _output_of(command: str, asked: Name, source: str) -> str:
    """What the command prints, without the line's end. No shell is involved."""
    import shlex
    import subprocess

    what = f"{source}: the command of [{asked[0]}] {asked[1]}"
    try:
        done = subprocess.run(
            shlex.split(command),
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = f"{what} did not end within {COMMAND_TIMEOUT_SECONDS} s."
        raise ConfigError(message) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{what} cannot be run: {error}.") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise ConfigError(f"{what} ended with exit code {done.returncode}: {last}.")
    return done.stdout.removesuffix("\n")


def _from_backend(config: Config, key: str, asked: Name, source: str) -> str:
    backend = config.get("secrets", "backend")
    what = f"{source}: [{asked[0]}] {asked[1]}"
    if not backend:
        raise ConfigError(f"{what} needs a secrets backend, and [secrets] backend is not set.")
    arguments = config.backend_arguments("secrets", "backend_kwargs")
    try:
        value = _open_backend(backend, arguments).get_config(key)
    except ConfigError:
        raise
    except Exception as error:  # The backend is anybody's code, and may reach over a network.
        raise ConfigError(
            f"{what}: the secrets backend {backend} failed: {type(error).__name__}: {error}."
        ) from error
    if value is None:
        raise ConfigError(f"{what}: the secrets backend {backend} has nothing under {key!r}.")
    return value


def _open_backend(classpath: str, arguments: Mapping[str, JsonValue]) -> SecretsBackend:
    from importlib import import_module

    module, _, name = classpath.rpartition(".")
    try:
        backend = getattr(import_module(module), name)
        opened = backend(**arguments)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        message = f"[secrets] backend {classpath} cannot be opened: {error}."
        raise ConfigError(message) from error
    # A class named in the settings: what it is, only its documentation says.
    return cast("SecretsBackend", opened)
