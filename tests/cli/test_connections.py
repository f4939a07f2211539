"""`slipstream connections`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream

URI = "postgres://ada:hush@db.example:5432/sales?sslmode=require"


def fields(slipstream: Slipstream, conn_id: str) -> dict[str, object]:
    done = slipstream("connections", "get", conn_id, "--show-secrets", "-o", "json")
    (row,) = done.json
    return {key: value for key, value in row.items() if value not in (None, "")}


def test_a_connection_is_made_from_a_uri(slipstream: Slipstream) -> None:
    done = slipstream("connections", "add", "db", "--conn-uri", URI)
    assert done.code == 0
    assert "hush" not in done.out
    found = fields(slipstream, "db")
    assert found.pop("get_uri") == URI
    assert json.loads(str(found.pop("extra"))) == {"sslmode": "require"}
    assert found == {
        "conn_id": "db",
        "conn_type": "postgres",
        "host": "db.example",
        "login": "ada",
        "password": "hush",
        "schema": "sales",
        "port": 5432,
    }


def test_a_connection_is_made_from_fields_or_json(slipstream: Slipstream) -> None:
    words = ("--conn-type", "http", "--conn-host", "h", "--conn-port", "80")
    assert slipstream("connections", "add", "one", *words).code == 0
    text = '{"conn_type": "http", "host": "h", "port": 80}'
    assert slipstream("connections", "add", "two", "--conn-json", text).code == 0
    one, two = fields(slipstream, "one"), fields(slipstream, "two")
    del one["conn_id"], two["conn_id"]
    assert one == two


def test_secrets_are_shown_only_on_demand(slipstream: Slipstream) -> None:
    slipstream("connections", "add", "db", "--conn-uri", URI)
    for words in (["list"], ["list", "-o", "json"], ["get", "db"], ["get", "db", "-o", "yaml"]):
        assert "hush" not in slipstream("connections", *words).out


def test_one_that_is_there_is_not_replaced(slipstream: Slipstream) -> None:
    slipstream("connections", "add", "db", "--conn-uri", URI)
    done = slipstream("connections", "add", "db", "--conn-uri", "http://x")
    assert done.code == 1
    assert "already" in done.err


def test_one_that_is_missing_is_one_line(slipstream: Slipstream) -> None:
    for verb in ("get", "delete"):
        done = slipstream("connections", verb, "db")
        assert done.code == 1
        assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [[], ["--conn-uri", URI, "--conn-host", "h"], ["--conn-uri", URI, "--conn-json", "{}"]],
)
def test_too_little_and_too_much_are_wrong_usage(slipstream: Slipstream, words: list[str]) -> None:
    assert slipstream("connections", "add", "db", *words).code == 2


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("all.json", []),
        ("all.yaml", []),
        ("all.env", []),
        ("all.env", ["--serialization-format", "json"]),
    ],
)
def test_an_export_can_be_imported(
    slipstream: Slipstream, tmp_path: Path, name: str, options: list[str]
) -> None:
    file = tmp_path / name
    slipstream("connections", "add", "db", "--conn-uri", URI)
    before = fields(slipstream, "db")
    assert slipstream("connections", "export", str(file), *options).code == 0
    assert file.stat().st_mode & 0o077 == 0
    slipstream("connections", "delete", "db")
    assert slipstream("connections", "import", str(file)).code == 0
    assert fields(slipstream, "db") == before


def test_an_import_overwrites_only_when_told(slipstream: Slipstream, tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    file.write_text('{"db": "http://new"}')
    slipstream("connections", "add", "db", "--conn-uri", "http://old")
    assert "already exists" in slipstream("connections", "import", str(file)).out
    assert fields(slipstream, "db")["host"] == "old"
    slipstream("connections", "import", str(file), "--overwrite")
    assert fields(slipstream, "db")["host"] == "new"


def test_testing_must_be_allowed(slipstream: Slipstream) -> None:
    slipstream("connections", "add", "db", "--conn-uri", URI)
    done = slipstream("connections", "test", "db")
    assert done.code == 1
    assert "[core] test_connection" in done.err
