"""Running command lines on a temporary home, in this process, with the real store."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from slipstream.cli.main import main
from slipstream.model.json import JsonValue


@dataclass(frozen=True, slots=True)
class Done:
    """What one command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> JsonValue:
        """What it printed, as JSON."""
        value: JsonValue = json.loads(self.out)
        return value


Slipstream = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder that the command line finds through the environment."""
    path = tmp_path / "home"
    monkeypatch.setenv("SLIPSTREAM_HOME", str(path))
    for variable in ("AIRFLOW_HOME", "AIRFLOW_CONFIG", "SLIPSTREAM_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    return path


@pytest.fixture
def slipstream(home: Path, capsys: pytest.CaptureFixture[str]) -> Slipstream:
    """Runs `slipstream WORDS…` and gives its exit code and what it printed."""

    def run(*words: str) -> Done:
        capsys.readouterr()
        code = main(words)
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run
