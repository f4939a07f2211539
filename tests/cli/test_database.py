"""`slipstream db`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream


def test_the_first_command_makes_the_embedded_database(slipstream: Slipstream, home: Path) -> None:
    assert slipstream("pools", "list").code == 0
    assert (home / "slipstream.db").exists()
    assert home.stat().st_mode & 0o077 == 0


def test_migrate_check_and_check_migrations_agree(slipstream: Slipstream) -> None:
    assert slipstream("db", "check-migrations").code == 1
    assert slipstream("db", "migrate").code == 0
    assert slipstream("db", "check").out == "Connection successful.\n"
    assert slipstream("db", "check-migrations").code == 0


def test_a_database_that_cannot_be_reached_is_one_line(
    slipstream: Slipstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    url = f"sqlite:///{tmp_path}/file/x.db"
    monkeypatch.setenv("SLIPSTREAM__DATABASE__SQL_ALCHEMY_CONN", url)
    done = slipstream("db", "check")
    assert done.code == 1
    assert done.err.count("\n") == 1


def test_an_unknown_kind_of_database_is_one_line(
    slipstream: Slipstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPSTREAM__DATABASE__SQL_ALCHEMY_CONN", "mysql://u:hush@h/d")
    done = slipstream("db", "check")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "hush" not in done.err


def test_reset_asks_first(slipstream: Slipstream, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    slipstream("pools", "set", "gpu", "2", "the cards")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert slipstream("db", "reset").code == 1
    assert slipstream("pools", "get", "gpu").code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert slipstream("db", "reset").code == 0
    assert slipstream("pools", "get", "gpu").code == 1


def test_clean_counts_first_and_refuses_the_future(slipstream: Slipstream) -> None:
    done = slipstream(
        "db", "clean", "--clean-before-timestamp", "2020-01-01", "--dry-run", "-o", "json"
    )
    assert done.code == 0
    assert isinstance(done.json, list)
    future = slipstream("db", "clean", "--clean-before-timestamp", "2999-01-01", "--yes")
    assert future.code == 1
    assert slipstream("db", "clean", "--clean-before-timestamp", "soon", "--yes").code == 2


def test_the_tables_of_something_else_are_left_alone(slipstream: Slipstream, home: Path) -> None:
    import sqlite3

    home.mkdir()
    database = sqlite3.connect(home / "slipstream.db")
    database.executescript(
        "CREATE TABLE alembic_version (version_num VARCHAR(32)); "
        "INSERT INTO alembic_version VALUES ('29ce7909c52b'); CREATE TABLE dag_run (id INTEGER);"
    )
    database.close()
    for words in (["pools", "list"], ["db", "migrate"]):
        done = slipstream(*words)
        assert done.code == 1
        assert "29ce7909c52b" in done.err
        assert done.err.count("\n") == 1
