"""What a DAG file imports from its folder is what stands there now."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipstream.runtime.fresh_imports import import_afresh_from


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "dags"
    folder.mkdir()
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder), str(tmp_path / "installed")])
    monkeypatch.setattr(sys, "path_hooks", list(sys.path_hooks))
    known = set(sys.modules)
    import_afresh_from(str(folder))
    yield folder
    for name in set(sys.modules) - known:
        del sys.modules[name]
    sys.path_importer_cache.clear()


def test_a_module_that_changed_within_its_second_is_read_anew(folder: Path) -> None:
    module = folder / "shared_numbers.py"
    for value in ("1", "2"):
        module.write_text(f"VALUE = {value}\n")
        os.utime(module, (1, 1))
        importlib.invalidate_caches()
        assert str(importlib.import_module("shared_numbers").VALUE) == value
        del sys.modules["shared_numbers"]
    assert [path.name for path in folder.iterdir()] == ["shared_numbers.py"]


def test_packages_below_the_folder_are_read_anew_too(folder: Path) -> None:
    package = folder / "shared_package" / "inner"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "deep.py").write_text("VALUE = 1\n")
    importlib.invalidate_caches()
    assert importlib.import_module("shared_package.inner.deep").VALUE == 1
    assert not list(folder.rglob("__pycache__"))


def test_what_is_installed_elsewhere_keeps_its_compiled_files(folder: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    installed.mkdir()
    (installed / "some_library.py").write_text("VALUE = 1\n")
    importlib.invalidate_caches()
    assert importlib.import_module("some_library").VALUE == 1
    assert list((installed / "__pycache__").iterdir())
