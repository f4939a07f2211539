"""`slipstream config`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream

from slipstream.config import load_config
from slipstream.config.examples import EXAMPLES


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


def test_a_settings_file_is_printed_that_can_be_read_again(
    slipstream: Slipstream, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPSTREAM__CORE__PARALLELISM", "7")
    monkeypatch.setenv("SLIPSTREAM__OWN_PLUGIN__TEXT", 'with "quotes"')
    monkeypatch.setenv("SLIPSTREAM__API_AUTH__JWT_SECRET", "hush-hush")
    printed = slipstream("config", "list", "--include-defaults", "-d", "-V", "-s").out
    assert "hush" not in printed
    assert '# jwt_secret = "< hidden >"' in printed
    for line in (
        "# Is a whole number",
        "# Variable: SLIPSTREAM__CORE__PARALLELISM",
        "# Source: SLIPSTREAM__CORE__PARALLELISM",
        "parallelism = 7",
    ):
        assert line in printed
    home.mkdir(exist_ok=True)
    (home / "slipstream.toml").write_text(printed)
    for name in ("SLIPSTREAM__CORE__PARALLELISM", "SLIPSTREAM__OWN_PLUGIN__TEXT"):
        monkeypatch.delenv(name)
    assert slipstream("config", "get-value", "core", "parallelism").out == "7\n"
    assert slipstream("config", "get-value", "own_plugin", "text").out == 'with "quotes"\n'
    shown = slipstream("config", "list", "-s", "--show-values", "--section", "api_auth").out
    assert 'jwt_secret = "hush-hush"' in shown.splitlines()
    assert "own_plugin" not in slipstream("config", "list", "-s", "-p").out
    assert "own_plugin" not in slipstream("config", "list", "-p").out


def test_every_setting_can_be_put_into_a_file_where_none_is_set(
    slipstream: Slipstream, home: Path
) -> None:
    printed = slipstream("config", "list", "--comment-out-everything").out
    assert tomllib.loads(printed) == {key: {} for key in tomllib.loads(printed)}
    home.mkdir(exist_ok=True)
    set_anew = "\n".join(
        line.removeprefix("# ") for line in printed.splitlines() if '= ""' not in line
    )
    (home / "slipstream.toml").write_text(set_anew)
    before = slipstream("config", "list", "--include-defaults", "-o", "json").json
    (home / "slipstream.toml").unlink()
    after = slipstream("config", "list", "--include-defaults", "-o", "json").json
    assert [row["value"] or "" for row in before] == [row["value"] or "" for row in after]  # type: ignore[union-attr,index,call-overload]


def test_examples_stand_above_settings_and_can_be_set(slipstream: Slipstream, home: Path) -> None:
    home.mkdir()
    (home / "slipstream.toml").write_text('[api]\nbase_url = "http://here"\n')
    listed = slipstream("config", "list", "-e").out.splitlines()
    assert listed == [
        "[api]",
        '# Example: "https://slipstream.example.com/data"',
        'base_url = "http://here"',
    ]
    everything = slipstream("config", "list", "--include-examples", "--defaults").out
    assert everything.count("# Example: ") == len(EXAMPLES)
    # Each as it is printed, so that a copied one can be read.
    for section in {section for section, _ in EXAMPLES}:
        keys = {key: value for (of, key), value in EXAMPLES.items() if of == section}
        text = "\n".join(f"{key} = {json.dumps(value)}" for key, value in keys.items())
        (home / "slipstream.toml").write_text(f'["{section}"]\n{text}\n')
        loaded = load_config(home=home, environ={})
        for key, value in keys.items():
            assert loaded.get(section, key) == value
