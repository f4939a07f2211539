"""Variables and connections from files: JSON, YAML, or lines of `KEY=value`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.json import JsonValue
from slipstream.sdk._backend_values import StoredConnection
from slipstream.testing.given import stored_connection, variable_text


class SettingsFileError(InvalidInputError):
    """A file of variables or connections cannot be read as what its name says."""


def read_variables(path: Path) -> Mapping[str, str]:
    """`{key: text}`; what is no text in the file becomes JSON."""
    return {key: variable_text(value) for key, value in _read(path).items()}


def read_connections(path: Path) -> Mapping[str, StoredConnection]:
    """`{conn_id: connection}`; each is a URI or an object of a connection's fields."""
    return {conn_id: _connection(path, conn_id, value) for conn_id, value in _read(path).items()}


def _connection(path: Path, conn_id: str, value: JsonValue) -> StoredConnection:
    try:
        return stored_connection(conn_id, value)
    except InvalidInputError as error:
        raise SettingsFileError(f"{path}: {error}") from error


def _read(path: Path) -> Mapping[str, JsonValue]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no file {path}.") from error
    match path.suffix.lower():
        case ".json":
            return _object(path, _json(path, text))
        case ".yaml" | ".yml":
            return _object(path, _yaml(path, text))
        case ".env":
            return _lines(path, text)
        case other:
            raise SettingsFileError(
                f"{path} ends in {other!r}; expected .json, .yaml, .yml or .env."
            )


def _json(path: Path, text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError as error:
        raise SettingsFileError(f"{path} is not valid JSON: {error}.") from error
    return value


def _yaml(path: Path, text: str) -> JsonValue:
    import yaml

    try:
        value: JsonValue = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsFileError(f"{path} is not valid YAML: {error}") from error
    return value


def _object(path: Path, value: JsonValue) -> Mapping[str, JsonValue]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise SettingsFileError(
            f"{path} holds a {type(value).__name__}; expected an object of named entries."
        )
    return value


def _lines(path: Path, text: str) -> Mapping[str, JsonValue]:
    entries: dict[str, JsonValue] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        key, separator, value = stripped.partition("=")
        if not separator or not key.strip():
            raise SettingsFileError(f"{path}, line {number} is {line!r}; expected KEY=value.")
        entries[key.strip()] = value.strip()
    return entries
