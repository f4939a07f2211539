"""The command line as a whole."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream

import slipstream as package
from slipstream import __version__


@pytest.mark.parametrize("words", [["version"], ["--version"], ["version", "--verbose"]])
def test_the_version_is_printed(slipstream: Slipstream, words: list[str]) -> None:
    done = slipstream(*words)
    assert done.code == 0
    assert __version__ in done.out


def run_python(*arguments: str) -> str:
    """What a new interpreter prints that finds the package."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        env={**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])},
    )
    return done.stdout


def test_the_version_imports_nothing_that_it_does_not_need() -> None:
    code = (
        "import sys; before = set(sys.modules); from slipstream.cli.main import main; "
        "main(['--version']); print(sorted(set(sys.modules) - before))"
    )
    assert ast.literal_eval(run_python("-c", code).splitlines()[1]) == [
        "__future__",
        "slipstream",
        "slipstream.cli",
        "slipstream.cli.main",
    ]


def test_the_package_runs_as_a_module() -> None:
    assert run_python("-m", "slipstream", "version") == f"{__version__}\n"


def test_a_dag_file_runs_as_a_script_that_finds_airflow(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("NAME = 'mine'")
    file = tmp_path / "flow.py"
    file.write_text(
        "import sys\nfrom airflow import DAG\nfrom beside import NAME\n"
        "if __name__ == '__main__':\n    print(DAG(NAME).dag_id, sys.argv[1:])\n"
    )
    assert run_python("-m", "slipstream", str(file), "--flag") == "mine ['--flag']\n"


@pytest.mark.parametrize("words", [[], ["nonsense"], ["config"], ["config", "list", "--nonsense"]])
def test_wrong_usage_is_exit_code_2(slipstream: Slipstream, words: list[str]) -> None:
    done = slipstream(*words)
    assert done.code == 2
    assert "usage:" in done.err


@pytest.mark.parametrize("words", [["--help"], ["config", "--help"], ["config", "list", "--help"]])
def test_help_is_exit_code_0(slipstream: Slipstream, words: list[str]) -> None:
    done = slipstream(*words)
    assert done.code == 0
    assert "usage: slipstream" in done.out


def test_info_tells_where_everything_is(slipstream: Slipstream) -> None:
    done = slipstream("info", "--output", "json")
    assert isinstance(done.json, dict)
    assert done.json["version"] == __version__
    assert str(done.json["database"]).startswith("sqlite:///")


def test_info_leaves_the_password_out(
    slipstream: Slipstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "SLIPSTREAM__DATABASE__SQL_ALCHEMY_CONN", "postgresql://someone:hush@host/db"
    )
    done = slipstream("info")
    assert "postgresql://someone:***@host/db" in done.out
    assert "hush" not in done.out


def test_info_leaves_people_out_where_that_is_asked_for(
    slipstream: Slipstream, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("HOME", str(home.parent))
    monkeypatch.setenv("LOGNAME", "lovelace")
    monkeypatch.setenv("SLIPSTREAM__CORE__DAGS_FOLDER", "/srv/lovelace/dags")
    monkeypatch.setenv("SLIPSTREAM__DATABASE__SQL_ALCHEMY_CONN", "postgresql://byron:hush@host/db")
    assert "lovelace" in slipstream("info").out
    done = slipstream("info", "--anonymize")
    for said in ("lovelace", "byron", str(home.parent), "hush"):
        assert said not in done.out
    assert "~/home" in done.out
    assert "postgresql://***@host/db" in done.out
