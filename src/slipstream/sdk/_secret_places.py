"""Secrets backends that come with Slipstream: local files, the environment, the store."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING

from slipstream.sdk._secrets import (
    CONNECTION_PREFIX,
    VARIABLE_PREFIX,
    BaseSecretsBackend,
    connection_of_store,
    in_environment,
    parse_connection,
)
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException, AirflowFileParseException

if TYPE_CHECKING:
    from slipstream.sdk._connection import Connection

_log = logging.getLogger(__name__)


DEFAULT_SECRETS_SEARCH_PATH = [
    "airflow.secrets.environment_variables.EnvironmentVariablesBackend",
    "airflow.secrets.metastore.MetastoreBackend",
]
"""What is asked after the backends that the settings name."""


class EnvironmentVariablesBackend(BaseSecretsBackend):
    """`AIRFLOW_CONN_…` and `AIRFLOW_VAR_…` of the process."""

    def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:
        """See `BaseSecretsBackend`."""
        return in_environment(CONNECTION_PREFIX, conn_id, team_name)

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        """See `BaseSecretsBackend`."""
        return in_environment(VARIABLE_PREFIX, key, team_name)


class MetastoreBackend(BaseSecretsBackend):
    """The deployment's store, asked through the running process's supervisor."""

    def get_connection(self, conn_id: str, team_name: str | None = None) -> Connection | None:
        """See `BaseSecretsBackend`."""
        return connection_of_store(conn_id)

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        """See `BaseSecretsBackend`."""
        from slipstream.sdk._running import get_backend

        outside = get_backend()
        return None if outside is None else outside.get_variable(key)


class LocalFilesystemBackend(BaseSecretsBackend):
    """Files of the deployment: JSON, YAML, or lines of `name=value` (`.env`). They are read when
    they are asked for, so that a change counts at once."""

    def __init__(
        self,
        variables_file_path: str | None = None,
        connections_file_path: str | None = None,
        configs_file_path: str | None = None,
    ) -> None:
        self.variables_file = variables_file_path
        self.connections_file = connections_file_path
        self.configs_file = configs_file_path

    def get_connection(self, conn_id: str, team_name: str | None = None) -> Connection | None:
        """See `BaseSecretsBackend`."""
        if not self.connections_file:
            return None
        found = load_connections_dict(self.connections_file).get(conn_id)
        return None if found is not None and found.team_name not in (None, team_name) else found

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        """See `BaseSecretsBackend`."""
        if not self.variables_file:
            return None
        found = load_variables(self.variables_file).get(key)
        return found if found is None or isinstance(found, str) else json.dumps(found)

    def get_config(self, key: str) -> str | None:
        """See `BaseSecretsBackend`."""
        if not self.configs_file:
            return None
        found = load_variables(self.configs_file).get(key)
        return None if found is None else str(found)


def load_variables(file_path: str) -> dict[str, UserValue]:
    """`{name: value}` in a file. Raises `AirflowFileParseException`."""
    return {name: _single(name, value, file_path) for name, value in _read(file_path).items()}


def load_connections_dict(file_path: str) -> dict[str, Connection]:
    """`{conn_id: connection}` in a file, each written as a URI, as JSON, or as an object of fields.

    Raises `AirflowFileParseException` for the file, `AirflowException` for one that is no
    connection.
    """
    return {
        conn_id: _connection(conn_id, _single(conn_id, value, file_path), file_path)
        for conn_id, value in _read(file_path).items()
    }


def _connection(conn_id: str, value: UserValue, file: str) -> Connection:
    from slipstream.sdk._connection import Connection

    if isinstance(value, str):
        return parse_connection(conn_id, value)
    if not isinstance(value, Mapping):
        raise AirflowException(
            f"{file}: the connection {conn_id!r} is a {type(value).__name__}; expected a URI or an "
            "object of fields."
        )
    fields = dict(value)
    known = set(signature(Connection.__init__).parameters) - {"self"} | {"extra_dejson"}
    if unknown := sorted(fields.keys() - known):
        raise AirflowException(
            f"{file}: the connection {conn_id!r} has the fields {', '.join(unknown)}; expected "
            f"some of {', '.join(sorted(known))}."
        )
    if "extra" in fields and "extra_dejson" in fields:
        raise AirflowException(
            f"{file}: the connection {conn_id!r} has both extra and extra_dejson; give one."
        )
    if "extra_dejson" in fields:
        fields["extra"] = json.dumps(fields.pop("extra_dejson"))
    if fields.setdefault("conn_id", conn_id) != conn_id:
        raise AirflowException(
            f"{file}: the connection {conn_id!r} says that it is {fields['conn_id']!r}."
        )
    return Connection(**fields)


def _single(name: str, value: UserValue, file: str) -> UserValue:
    """The value; of a list its only entry."""
    if not isinstance(value, _Repeated):
        return value
    if len(value) > 1:
        raise AirflowFileParseException(f"{file} has several values for {name!r}; expected one.")
    return value[0]


class _Repeated(list[str]):
    """All values that lines of a file give one name."""


def _read(file_path: str) -> Mapping[str, UserValue]:
    suffix = Path(file_path).suffix.lower()
    try:
        text = Path(file_path).read_text(encoding="utf-8")
        match suffix:
            case ".env":
                return _lines(file_path, text)
            case ".json":
                value = json.loads(text)
            case ".yaml" | ".yml":
                import yaml

                value = yaml.safe_load(text)
            case _:
                raise AirflowFileParseException(
                    f"{file_path} ends in {suffix!r}; expected .env, .json, .yaml or .yml."
                )
    except (OSError, ValueError) as error:
        raise AirflowFileParseException(f"{file_path} cannot be read: {error}") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "yaml":
            raise
        raise AirflowFileParseException(f"{file_path} is not YAML: {error}") from error
    if not isinstance(value, Mapping):
        raise AirflowFileParseException(
            f"{file_path} holds {type(value).__name__}; expected an object of names."
        )
    return value


def _lines(file_path: str, text: str) -> Mapping[str, UserValue]:
    found: dict[str, _Repeated] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not (name and equals and value):
            raise AirflowFileParseException(
                f"{file_path}, line {number}: expected a name, '=', and a value."
            )
        found.setdefault(name, _Repeated()).append(value)
    return found
