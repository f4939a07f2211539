"""`slipstream db`."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream

from slipstream import __version__
from slipstream.cli.home_lock import HomeLock
from slipstream.store.event_records import Door, NewEvent
from slipstream.store.interface import Store


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


def test_a_schema_is_taken_back_and_brought_up_again(slipstream: Slipstream) -> None:
    assert slipstream("db", "migrate", "--to-revision", "0019").out == (
        "Database is at schema 0019.\n"
    )
    assert "expected 00" in slipstream("pools", "list").err
    assert slipstream("db", "migrate", "-n", __version__).code == 0
    assert slipstream("pools", "list").code == 0
    assert slipstream("db", "downgrade", "-r", "0019", "--yes").out == (
        "Database is at schema 0019.\n"
    )
    assert "slipstream db downgrade" in slipstream("db", "migrate", "-r", "0018").err


def test_a_downgrade_asks_and_leaves_what_a_server_works_on(
    slipstream: Slipstream, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slipstream("db", "migrate")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert slipstream("db", "downgrade", "-r", "0019").code == 1
    with HomeLock(home / "run", purpose="slipstream standalone"):
        refused = slipstream("db", "downgrade", "-r", "0019", "-y")
    assert refused.code == 1
    assert "slipstream standalone" in refused.err
    assert slipstream("db", "check-migrations").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("migrate", "-n", "3.3.2"), "There is no release 3.3.2"),
        (("migrate", "--from-version", __version__), "for --show-sql-only"),
        (("migrate", "-r", "0001", "-n", __version__), "not allowed with"),
        (("downgrade",), "Say where to go back to"),
        (("downgrade", "-s", "-r", "0005"), "is not before an empty database"),
        (("downgrade", "-s", "-r", "0005", "--from-revision", "0004"), "is not before 0004"),
        (("migrate", "-s", "-r", "0005", "--from-revision", "0006"), "db downgrade goes back"),
    ],
)
def test_a_way_that_makes_no_sense_is_one_line(
    slipstream: Slipstream, home: Path, words: tuple[str, ...], said: str
) -> None:
    done = slipstream("db", *words)
    assert done.code == 2
    assert said in done.err
    assert not home.exists()


def test_sql_is_shown_and_nothing_is_done(slipstream: Slipstream, home: Path) -> None:
    whole = slipstream("db", "migrate", "-s")
    assert not home.exists()
    home.mkdir()
    with closing(sqlite3.connect(home / "slipstream.db")) as database:
        database.executescript(whole.out)
    assert slipstream("db", "check-migrations").code == 0
    assert slipstream("db", "migrate", "--show-sql-only").out.startswith("-- Nothing is to be done")
    back = slipstream("db", "downgrade", "-s", "--to-revision", "0020").out
    assert "DROP INDEX ix_dag_run_end_date;" in back
    assert slipstream("db", "check-migrations").code == 0


def test_reset_may_leave_nothing_or_use_the_migrations(slipstream: Slipstream) -> None:
    slipstream("pools", "set", "gpu", "2", "the cards")
    assert slipstream("db", "reset", "--skip-init", "-y").out == (
        "Database is empty: it has no tables.\n"
    )
    assert slipstream("db", "check-migrations").code == 1
    assert slipstream("db", "reset", "-m", "-y").code == 0
    assert slipstream("db", "check-migrations").code == 0


def test_what_was_cleaned_is_exported_and_dropped(
    slipstream: Slipstream, store: Store, tmp_path: Path
) -> None:
    store.log_event(NewEvent(event="old", owner="ada", door=Door.CLI, dag_id="sales"))
    store.log_event(NewEvent(event="kept", owner="ada", door=Door.CLI, dag_id="stock"))
    before = datetime.now(UTC).isoformat()
    cleaned = slipstream(
        "db", "clean", "--clean-before-timestamp", before, "-t", "log", "--dag-ids", "sales",
        "--batch-size", "1", "--error-on-cleanup-failure", "-y", "-o", "json",
    )  # fmt: skip
    assert cleaned.json == [{"table": "event_log", "rows": 1}]
    exported = slipstream("db", "export-archived", "--output-path", str(tmp_path / "out"))
    assert exported.out.endswith("Exported 1 archives.\n")
    (file,) = (tmp_path / "out").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert ",old,ada," in file.read_text()
    assert "kept" not in file.read_text()
    assert slipstream("db", "drop-archived", "-t", "xcom", "-y").out == "Removed 0 archives.\n"
    assert slipstream("db", "drop-archived", "-t", "log", "-y").out == "Removed 1 archives.\n"
    slipstream("db", "clean", "--clean-before-timestamp", before, "--skip-archive", "-y")
    assert store.list_archives(None) == []


def test_the_shell_is_the_databases_own(
    slipstream: Slipstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sqlite3", "psql"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\necho {name} "$@" "$PGPASSWORD" > {tmp_path}/said; exit 7\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    slipstream("db", "migrate")
    assert slipstream("db", "shell").code == 7
    assert (tmp_path / "said").read_text().startswith("sqlite3 /")
    url = "postgresql+psycopg2://ada:hush@db.example.com/flow?sslmode=require"
    monkeypatch.setenv("SLIPSTREAM__DATABASE__SQL_ALCHEMY_CONN", url)
    assert slipstream("db", "shell").code == 7
    assert (tmp_path / "said").read_text() == (
        "psql postgresql://ada@db.example.com/flow?sslmode=require hush\n"
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "psql is not installed" in slipstream("db", "shell").err
