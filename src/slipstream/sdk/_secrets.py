"""Where variables and connections come from: backends, then the environment, then the store.

The order is Airflow's. A secrets backend is an object with `get_variable(key)` and
`get_connection(conn_id)`; `[secrets] backend` names its class. Where teams share the deployment,
one that knows them is told the team of the DAG that asks.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Mapping
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Protocol, TypeVar

from slipstream.sdk._running import get_backend
from slipstream.sdk._secrets_cache import remembered
from slipstream.sdk.exceptions import AirflowConfigException

if TYPE_CHECKING:
    from slipstream.model.json import JsonValue
    from slipstream.sdk._backend_values import StoredConnection
    from slipstream.sdk._connection import Connection
    from slipstream.sdk._types import UserValue

T = TypeVar("T")

_log = logging.getLogger(__name__)

CONNECTION_PREFIX = "AIRFLOW_CONN_"
VARIABLE_PREFIX = "AIRFLOW_VAR_"


class SecretsBackend(Protocol):
    """What a configured secrets backend offers."""

    def get_variable(self, key: str, **team: str) -> str | None:
        """The variable's text, or None where the backend does not have it."""

    def get_connection(self, conn_id: str, **team: str) -> Connection | None:
        """The connection, or None where the backend does not have it."""


class BaseSecretsBackend:
    """Base of secrets backends: a place of the deployment's own for variables and connections.

    Subclasses write `get_conn_value` and `get_variable`; both give None where they know nothing.
    """

    @staticmethod
    def build_path(path_prefix: str, secret_id: str, sep: str = "/") -> str:
        """The full name of a secret."""
        return f"{path_prefix}{sep}{secret_id}"

    def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:
        """A connection as a URI or as JSON."""
        raise NotImplementedError(f"{type(self).__name__} keeps no connections.")

    def deserialize_connection(self, conn_id: str, value: str) -> Connection:
        """The connection that a text stands for."""
        return parse_connection(conn_id, value.strip())

    def get_connection(self, conn_id: str, team_name: str | None = None) -> Connection | None:
        """The connection, or None where the backend does not have it."""
        value = self.get_conn_value(conn_id=conn_id, **_said_of(team_name, self.get_conn_value))
        return self.deserialize_connection(conn_id, value) if value else None

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        """The variable's text, or None where the backend does not have it."""
        raise NotImplementedError(f"{type(self).__name__} keeps no variables.")

    def get_config(self, key: str) -> str | None:
        """A setting's value; None unless a backend keeps settings, too."""
        return None


secrets_backends: list[SecretsBackend] = []
"""Backends that code has added; they are asked before the configured ones."""


def current_team() -> str | None:
    """The team of the DAG whose code runs; None where there are no teams, or it has none."""
    from slipstream.sdk._conf import conf

    outside = get_backend()
    if outside is None or not conf.getboolean("core", "multi_team", fallback=False):
        return None
    return outside.get_team()


def in_environment(prefix: str, name: str, team: str | None) -> str | None:
    """What the environment says of a variable or a connection: to the team, or to all.

    `PREFIX` + `_TEAM___NAME` is one team's. Where there are teams, nobody gets it by that name.
    """
    from slipstream.sdk._conf import conf

    # `b___k` of the team `a` would be `k` of the team `a___b`.
    if team is not None and "___" not in name:
        own = os.environ.get(f"{prefix}_{team.upper()}___{name.upper()}")
        if own is not None:
            return own
    is_a_teams = name.startswith("_") and "___" in name
    if is_a_teams and conf.getboolean("core", "multi_team", fallback=False):
        return None
    return os.environ.get(prefix + name.upper())


def find_variable(key: str) -> str | None:
    """The text of a variable from the first place that has it, or None."""
    team = current_team()

    def ask(backend: SecretsBackend) -> str | None:
        return backend.get_variable(key=key, **_said_of(team, backend.get_variable))

    value = remembered("variable", key, lambda: _ask_backends(ask, f"variable {key!r}"))
    if value is None:
        value = in_environment(VARIABLE_PREFIX, key, team)
    if value is not None:
        return value
    outside = get_backend()
    return None if outside is None else outside.get_variable(key)


def find_connection(conn_id: str) -> Connection | None:
    """A connection from the first place that has it, or None; its secrets are masked from then
    on."""
    connection = _look_up(conn_id)
    if connection is not None:
        _mask(connection)
    return connection


def _look_up(conn_id: str) -> Connection | None:
    team = current_team()

    def ask(backend: SecretsBackend) -> Connection | None:
        return backend.get_connection(conn_id=conn_id, **_said_of(team, backend.get_connection))

    found = remembered("connection", conn_id, lambda: _ask_backends(ask, f"connection {conn_id!r}"))
    if found is not None:
        return found
    text = in_environment(CONNECTION_PREFIX, conn_id, team)
    if text is not None:
        return parse_connection(conn_id, text)
    return connection_of_store(conn_id)


def _said_of(team: str | None, verb: Callable[..., UserValue]) -> dict[str, str]:
    """`team_name` for a backend's verb that takes it; those of before teams do not."""
    if team is None:
        return {}
    named = signature(verb).parameters.values()
    takes = any(one.name == "team_name" or one.kind is one.VAR_KEYWORD for one in named)
    return {"team_name": team} if takes else {}


def connection_of_store(conn_id: str) -> Connection | None:
    """The connection that the deployment's store has, or None."""
    outside = get_backend()
    stored = None if outside is None else outside.get_connection(conn_id)
    return None if stored is None else _from_stored(stored)


def _ask_backends(ask: Callable[[SecretsBackend], T | None], what: str) -> T | None:
    """The first answer. A backend that fails is told of, and the next place is asked."""
    for backend in (*secrets_backends, *configured_backends()):
        try:
            found = ask(backend)
        except NotImplementedError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one service
            name = type(backend).__name__
            _log.warning("The secrets backend %s could not be asked for the %s", name, what)
            _log.debug("Why", exc_info=error)
            continue
        if found is not None:
            return found
    return None


def parse_connection(conn_id: str, text: str) -> Connection:
    """A connection written as JSON object or as URI."""
    from slipstream.sdk._connection import Connection

    if text.lstrip().startswith("{"):
        return Connection.from_json(text, conn_id=conn_id)
    return Connection(conn_id=conn_id, uri=text)


def _from_stored(stored: StoredConnection) -> Connection:
    from slipstream.sdk._connection import Connection

    return Connection(
        conn_id=stored.conn_id,
        conn_type=stored.conn_type,
        description=stored.description,
        host=stored.host,
        login=stored.login,
        password=stored.password,
        schema=stored.schema,
        port=stored.port,
        extra=stored.extra,
    )


def _mask(connection: Connection) -> None:
    for secret in connection.secrets():
        mask_secret(secret)


def mask_secret(secret: str) -> None:
    """Hide a text from now on wherever it appears in the task's log."""
    outside = get_backend()
    if outside is not None and secret:
        outside.mask_secret(secret)


def configured_backends() -> tuple[SecretsBackend, ...]:
    """The backends that the settings name: the workers' own first, then the deployment's.

    Each process opens its own: a client's sockets must not be shared with what is forked.
    """
    return _open_backends(os.getpid())


@cache
def _open_backends(_pid: int) -> tuple[SecretsBackend, ...]:
    from slipstream.sdk._conf import conf

    found: list[SecretsBackend] = []
    for section, key in (("workers", "secrets_backend"), ("secrets", "backend")):
        classpath = conf.get(section, key, fallback="") or ""
        if classpath:
            arguments = conf.backend_arguments(section, f"{key}_kwargs")
            found.append(_open_backend(classpath, arguments, f"[{section}] {key}"))
    return tuple(found)


def _open_backend(
    classpath: str, arguments: Mapping[str, JsonValue], setting: str
) -> SecretsBackend:
    module, _, name = classpath.rpartition(".")
    try:
        backend: SecretsBackend = getattr(importlib.import_module(module), name)(**arguments)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise AirflowConfigException(
            f"{setting} = {classpath} cannot be opened: {error}. Check the class's path and "
            "its keyword arguments."
        ) from error
    return backend
