"""`slipstream config`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream


def test_a_value_is_printed_and_nothing_else(slipstream: Slipstream) -> None:
    assert slipstream("config", "get-value", "core", "parallelism").out == "32\n"


def test_the_source_of_a_value_is_told_when_asked_for(
    slipstream: Slipstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "3")
    done = slipstream("config", "get-value", "core", "parallelism", "--show-source")
    assert done.out.splitlines() == ["3", "AIRFLOW__CORE__PARALLELISM"]


def test_a_secret_is_printed_only_on_demand(
    slipstream: Slipstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPSTREAM__API_AUTH__JWT_SECRET", "hush")
    hidden = slipstream("config", "get-value", "api_auth", "jwt_secret")
    assert (hidden.code, hidden.out) == (1, "")
    assert "--show-secrets" in hidden.err
    shown = slipstream("config", "get-value", "api_auth", "jwt_secret", "--show-secrets")
    assert shown.out == "hush\n"
    assert "hush" not in slipstream("config", "list").out


def test_the_list_shows_what_was_set_with_its_source(slipstream: Slipstream, home: Path) -> None:
    home.mkdir()
    (home / "slipstream.toml").write_text("[api]\nport = 9000\n")
    assert slipstream("config", "list", "--output", "json").json == [
        {
            "section": "api",
            "key": "port",
            "value": "9000",
            "source": f"{home / 'slipstream.toml'}:2",
        }
    ]


def test_the_whole_list_has_every_setting(slipstream: Slipstream) -> None:
    lines = slipstream("config", "list", "--include-defaults", "-o", "plain").out.splitlines()
    assert len(lines) > 300
    assert any(line.split()[:2] == ["scheduler", "catchup_by_default"] for line in lines)


@pytest.mark.parametrize("output", ["table", "plain", "json", "yaml"])
def test_every_format_holds_the_value(slipstream: Slipstream, output: str) -> None:
    done = slipstream("config", "list", "--section", "core", "--output", output)
    assert done.code == 0
    assert "LocalExecutor" in done.out


def test_an_unknown_setting_is_one_line_and_exit_code_1(slipstream: Slipstream) -> None:
    done = slipstream("config", "get-value", "core", "nonsense")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "[core] nonsense" in done.err


def test_a_broken_file_is_one_line_and_exit_code_1(slipstream: Slipstream, home: Path) -> None:
    home.mkdir()
    (home / "slipstream.toml").write_text("[core]\nparallelism = 'x'\n")
    done = slipstream("config", "list")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "expected a whole number" in done.err
