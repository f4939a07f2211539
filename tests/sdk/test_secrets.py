"""Secrets backends: which are asked in which order, and what one that fails costs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.sdk.memory import MemoryBackend

from slipstream.sdk import Asset, AssetAccessControl, Connection, Variable
from slipstream.sdk import _secrets as secrets
from slipstream.sdk._backend import current_backend
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


class OfTeam(MemoryBackend):
    """Answers a DAG of the team `team-a`."""

    def get_team(self) -> str | None:
        return "team-a"


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


class Told(secrets.BaseSecretsBackend):
    """Says who it was asked for."""

    def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:
        return f"http://{team_name}"

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        return str(team_name)


class OfBeforeTeams(secrets.BaseSecretsBackend):
    """Knows no teams."""

    def get_conn_value(self, conn_id: str) -> str | None:  # type: ignore[override]  # as then
        return "http://old"

    def get_variable(self, key: str) -> str | None:  # type: ignore[override]  # as then
        return "old"


@pytest.fixture
def of_team() -> Iterator[None]:
    """Code of the team `team-a` runs."""
    token = current_backend.set(OfTeam())  # type: ignore[arg-type]  # what is asked here
    yield
    current_backend.reset(token)


@pytest.mark.usefixtures("of_team")
@pytest.mark.parametrize(("backend", "said"), [("Told", "team-a"), ("OfBeforeTeams", "old")])
def test_a_backend_that_knows_teams_is_told_whose_code_asks(
    configure: Configure, backend: str, said: str
) -> None:
    configure(secrets_backend=HERE + backend, core_multi_team="True")
    assert Variable.get("k") == said
    assert Connection.get("c").host == said


@pytest.mark.usefixtures("of_team")
def test_nobody_is_told_of_teams_where_they_are_turned_off(configure: Configure) -> None:
    configure(secrets_backend=HERE + "Told")
    assert Variable.get("k") == "None"


def test_the_environment_has_what_is_a_teams_before_what_is_for_all(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AIRFLOW_VAR_K": "for all",
        "AIRFLOW_VAR__TEAM-A___K": "of a",
        "AIRFLOW_VAR__TEAM_B___K": "of b",
        "AIRFLOW_CONN__TEAM-A___C": "http://a",
        "AIRFLOW_CONN_C": "http://all",
    }.items():
        monkeypatch.setenv(name, value)
    configure(core_multi_team="True")
    assert Variable.get("k") == "for all"
    assert Connection.get("c").host == "all"
    token = current_backend.set(OfTeam())  # type: ignore[arg-type]  # what is asked here
    try:
        assert Variable.get("k") == "of a"
        assert Connection.get("c").host == "a"
        assert Variable.get("_team_b___k", default="nothing") == "nothing"
    finally:
        current_backend.reset(token)
    assert EnvironmentVariablesBackend().get_variable("k", team_name="team_b") == "of b"
    monkeypatch.setenv("AIRFLOW_VAR__TEAM___B___K", "of the team team___b")
    assert EnvironmentVariablesBackend().get_variable("b___k", team_name="team") is None
    assert EnvironmentVariablesBackend().get_variable("k", team_name="team___b") is not None
    assert EnvironmentVariablesBackend().get_variable("_team_b___k") is None


def test_what_looks_like_a_teams_is_a_name_like_others_where_teams_are_turned_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR__TEAM_B___K", "v")
    assert Variable.get("_team_b___k") == "v"


def test_a_file_keeps_a_teams_connection_for_the_team(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text(
        json.dumps({"c": {"conn_type": "http", "team_name": "team_a"}, "d": "http://d"})
    )
    backend = LocalFilesystemBackend(connections_file_path=str(file))
    assert backend.get_connection("c", team_name="team_a") is not None
    assert backend.get_connection("c", team_name="team_b") is None
    assert backend.get_connection("c") is None
    assert backend.get_connection("d", team_name="team_b") is not None


def test_an_access_control_of_an_asset_is_refused_where_there_are_teams(
    configure: Configure,
) -> None:
    allowed = AssetAccessControl(producer_teams=["team_a"])
    assert Asset("a", access_control=allowed).access_control == allowed
    configure(core_multi_team="True")
    with pytest.raises(ValueError, match="'a' has an access_control"):
        Asset("a", access_control=allowed)
