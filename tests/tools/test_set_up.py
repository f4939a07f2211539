"""The set-up script, as far as it goes without the network."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "set_up.py"


@pytest.fixture
def set_up() -> ModuleType:
    spec = importlib.util.spec_from_file_location("set_up", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_any_python_3_can_at_least_read_it() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 4))


def test_an_environment_that_is_up_to_date_is_left_alone(
    set_up: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / ".slipstream-stamp").write_text(set_up.fingerprint())
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == [".slipstream-stamp"]


def test_a_python_that_is_too_old_is_told_what_to_do(
    set_up: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(set_up, "OLDEST", (99, 0))
    monkeypatch.setattr(set_up, "NEWER_NAMES", ())
    with pytest.raises(SystemExit, match=r"needs Python 99\.0 or newer") as stop:
        set_up.leave_an_old_python()
    assert "make PYTHON=" in str(stop.value)


def test_uv_is_told_where_pip_finds_packages(
    set_up: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "pip.conf"
    settings.write_text(
        "[global]\n"
        "index-url = https://index.example/simple\n"
        "extra-index-url = https://one.example/simple https://two.example/simple\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX"):
        monkeypatch.delenv(name, raising=False)
    given = set_up.uv_settings(sys.executable)
    assert given["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert given["UV_INDEX"] == "https://one.example/simple https://two.example/simple"


def test_a_setting_of_uv_itself_wins(
    set_up: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\nindex-url = https://index.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mine.example/simple")
    assert "UV_DEFAULT_INDEX" not in set_up.uv_settings(sys.executable)
