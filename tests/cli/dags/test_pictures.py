"""Graphs as pictures in the terminal."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream

from slipstream.cli.dags import pictures
from slipstream.cli.errors import CommandFailedError
from slipstream.model.dag import DagSpec

COMMANDS = [("show", "sales", "--imgcat"), ("show-dependencies", "--imgcat")]
DAG_FILE = """
from airflow.sdk import dag, task

@dag(schedule=None)
def shop():
    @task
    def sell():
        pass
    sell()

shop()
"""


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path, with a `dot` and an `imgcat` that say what they were given."""
    folder = tmp_path / "programs"
    program(folder, "dot", 'echo "drawn with $*"; cat')
    program(folder, "imgcat", "echo shown; cat")
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder


@pytest.mark.parametrize("words", COMMANDS)
def test_a_graph_is_drawn_and_shown(
    slipstream: Slipstream, sales: DagSpec, programs: Path, words: tuple[str, ...]
) -> None:
    done = slipstream("dags", *words)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("shown\ndrawn with -Tpng\ndigraph")


def test_a_run_that_was_tried_is_drawn_and_shown(
    slipstream: Slipstream, home: Path, programs: Path
) -> None:
    file = home / "dags" / "shop.py"
    file.parent.mkdir(parents=True)
    file.write_text(DAG_FILE)
    done = slipstream("dags", "test", str(file), "--imgcat-dagrun")
    assert done.code == 0, done.err
    assert 'shown\ndrawn with -Tpng\ndigraph "shop"' in done.out


@pytest.mark.parametrize("missing", ["dot", "imgcat"])
@pytest.mark.parametrize("words", [*COMMANDS, ("test", "nothing.py", "--imgcat-dagrun")])
def test_a_program_that_is_missing_is_named_with_where_it_comes_from(
    slipstream: Slipstream,
    sales: DagSpec,
    programs: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    missing: str,
) -> None:
    (programs / missing).unlink()
    monkeypatch.setenv("PATH", str(programs))
    done = slipstream("dags", *words)
    assert (done.code, done.out) == (1, "")
    assert f"There is no {missing} on the PATH" in done.err
    assert "install" in done.err


def test_what_a_program_says_when_it_fails_is_told(
    slipstream: Slipstream, sales: DagSpec, programs: Path
) -> None:
    program(programs, "dot", "echo no fonts >&2; exit 3")
    done = slipstream("dags", "show", "sales", "--imgcat")
    assert done.code == 1
    assert "dot failed with exit code 3: no fonts" in done.err


@pytest.mark.parametrize("words", COMMANDS)
def test_it_is_either_saved_or_shown(
    slipstream: Slipstream, sales: DagSpec, programs: Path, words: tuple[str, ...]
) -> None:
    done = slipstream("dags", *words, "--save", "g.dot")
    assert done.code == 2
    assert "exclude each other" in done.err


def test_what_graphviz_draws_is_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    if shutil.which("dot") is None:
        pytest.skip("dot is not installed: that Graphviz draws our graphs was not tried")
    program(tmp_path / "programs", "imgcat", "cat")
    monkeypatch.setenv("PATH", str(tmp_path / "programs"), prepend=os.pathsep)
    pictures.show_picture('digraph "a" { "b" -> "c"; }')
    assert capfdbinary.readouterr().out.startswith(b"\x89PNG")
    with pytest.raises(CommandFailedError, match="syntax error"):
        pictures.show_picture("nothing")
