"""Secrets backends: which are asked in which order, and what one that fails costs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slipstream.sdk import Connection, Variable
from slipstream.sdk import _secrets as secrets
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._secret_places import (
    EnvironmentVariablesBackend,
    LocalFilesystemBackend,
    load_connections_dict,
    load_variables,
)
from slipstream.sdk._secrets_cache import SecretsCache, current_cache
from slipstream.sdk.exceptions import AirflowException, AirflowFileParseException

Configure = Callable[..., None]


class Kept(secrets.BaseSecretsBackend):
    """Has what it is made with, and counts how often it is asked."""

    asked = 0

    def __init__(self, **values: str) -> None:
        self.values = values

    def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:
        Kept.asked += 1
        return self.values.get(conn_id)

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        Kept.asked += 1
        return self.values.get(key)


class Failing(secrets.BaseSecretsBackend):
    """Cannot reach its service."""

    def get_variable(self, key: str) -> str | None:
        raise ConnectionError("unreachable, token=abc123")


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    def set_all(**settings: object) -> None:
        for key, value in settings.items():
            text = value if isinstance(value, str) else json.dumps(value)
            section, _, name = key.partition("_")
            monkeypatch.setenv(f"SLIPSTREAM__{section.upper()}__{name.upper()}", text)
        read_settings_anew()
        secrets._open_backends.cache_clear()
        Kept.asked = 0

    yield set_all
    monkeypatch.undo()
    read_settings_anew()
    secrets._open_backends.cache_clear()


HERE = f"{__name__}."


def test_the_workers_backend_is_asked_first_then_the_deployments_then_the_environment(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(
        workers_secrets_backend=HERE + "Kept",
        workers_secrets_backend_kwargs={"a": "worker"},
        secrets_backend=HERE + "Kept",
        secrets_backend_kwargs={"a": "general", "b": "general", "db": "postgres://h/s"},
    )
    for name in ("A", "B", "C"):
        monkeypatch.setenv(f"AIRFLOW_VAR_{name}", "environment")
    assert [Variable.get(name) for name in "abc"] == ["worker", "general", "environment"]
    assert Connection.get("db").host == "h"
    assert Variable.get("d", default=None) is None


def test_a_backend_that_fails_is_told_of_and_the_next_place_is_asked(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    configure(secrets_backend=HERE + "Failing")
    monkeypatch.setenv("AIRFLOW_VAR_A", "environment")
    assert Variable.get("a") == "environment"
    assert "Failing could not be asked for the variable 'a'" in caplog.text
    assert "abc123" not in caplog.text


def test_each_process_opens_backends_of_its_own(configure: Configure) -> None:
    configure(secrets_backend=HERE + "Kept")
    ours = secrets.configured_backends()
    assert secrets.configured_backends() is ours
    assert secrets._open_backends(os.getpid() + 1) is not ours


def test_what_backends_say_is_kept_while_a_file_is_loaded(configure: Configure) -> None:
    configure(secrets_backend=HERE + "Kept", secrets_backend_kwargs={"a": "1", "c": "http://h"})
    for _ in range(3):
        assert Variable.get("a") == "1"
    assert Kept.asked == 3
    token = current_cache.set(SecretsCache(60))
    try:
        for _ in range(3):
            assert Variable.get("a") == "1"
            assert Variable.get("absent", default=None) is None
            assert Connection.get("c").host == "h"
    finally:
        current_cache.reset(token)
    assert Kept.asked == 6


def test_what_is_kept_too_long_is_asked_for_again() -> None:
    cache, asked = SecretsCache(0), []
    for _ in range(2):
        cache.get("variable", "a", lambda: asked.append(1))
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("v.env", "# comment\n\na=1\nb=x=y\n"),
        ("v.json", '{"a": "1", "b": "x=y"}'),
        ("v.yaml", "a: '1'\nb: x=y\n"),
    ],
)
def test_files_of_each_kind_hold_variables(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    backend = LocalFilesystemBackend(variables_file_path=str(tmp_path / name))
    assert [backend.get_variable(key) for key in ("a", "b", "c")] == ["1", "x=y", None]
    assert backend.get_connection("a") is None


def test_a_file_holds_connections_as_uris_json_or_fields(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(
        "uri: postgres://u:p@h:5432/s\n"
        "fields: {conn_type: http, host: example, extra_dejson: {k: v}}\n"
        'text: \'{"conn_type": "ssh", "host": "s"}\'\n'
    )
    found = LocalFilesystemBackend(connections_file_path=str(file))
    assert found.get_connection("uri").port == 5432
    assert found.get_connection("fields").extra_dejson == {"k": "v"}
    assert found.get_connection("text").conn_type == "ssh"
    assert found.get_connection("none") is None


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.env", "no equals sign", "line 1"),
        ("a.env", "a=1\na=2", "several values for 'a'"),
        ("a.json", "[1]", "holds list"),
        ("a.json", "{", "cannot be read"),
        ("a.yaml", "a: [", "not YAML"),
        ("a.ini", "a=1", "expected .env"),
        ("absent.json", None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_is_wrong(
    tmp_path: Path, name: str, text: str | None, said: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(AirflowFileParseException, match=said):
        load_variables(str(tmp_path / name))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"hostname": "h"}, "hostname"),
        ({"extra": "{}", "extra_dejson": {}}, "both extra"),
        ({"conn_id": "other"}, "says that it is 'other'"),
        (7, "expected a URI"),
    ],
)
def test_a_connection_that_is_none_says_what_is_wrong(
    tmp_path: Path, fields: object, said: str
) -> None:
    file = tmp_path / "c.json"
    file.write_text(json.dumps({"c": fields}))
    with pytest.raises(AirflowException, match=said):
        load_connections_dict(str(file))


def test_the_environment_is_a_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DB", "postgres://h/s")
    backend = EnvironmentVariablesBackend()
    assert backend.get_connection("db").schema == "s"
    assert backend.get_variable("db") is None
