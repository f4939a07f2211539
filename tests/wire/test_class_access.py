"""Which classes are made instances of when a value is read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipstream.sdk._conf import read_settings_anew
from slipstream.wire import class_access
from slipstream.wire.values import UnreadableValueError, decode_value, encode_value

SOURCE = """
import dataclasses

@dataclasses.dataclass
class Point:
    x: int

class Versioned:
    __version__ = 1

    def serialize(self):
        return {}

    @staticmethod
    def deserialize(data, version):
        return Versioned()
"""


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def allow(globs: str, patterns: str = "") -> None:
        monkeypatch.setenv("AIRFLOW__CORE__ALLOWED_DESERIALIZATION_CLASSES", globs)
        monkeypatch.setenv("AIRFLOW__CORE__ALLOWED_DESERIALIZATION_CLASSES_REGEXP", patterns)
        read_settings_anew()
        class_access.forget_rules()

    yield allow
    monkeypatch.undo()
    read_settings_anew()
    class_access.forget_rules()


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module of one's own that is not imported yet."""
    (tmp_path / "points_of_a_test.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "points_of_a_test"
    sys.modules.pop("points_of_a_test", None)


@pytest.fixture
def installed_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The same as the module of an installed package."""
    folder = tmp_path / "lib" / "site-packages"
    folder.mkdir(parents=True)
    (folder / "points_of_a_package.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(folder))
    yield "points_of_a_package"
    sys.modules.pop("points_of_a_package", None)


def written(kind: str, data: Any, name: str = "dataclass", **more: Any) -> str:
    return json.dumps({"__type__": name, "__value__": {"class": kind, "data": data, **more}})


def test_a_module_that_is_not_imported_is_not_imported_for_a_value(own_module: str) -> None:
    with pytest.raises(UnreadableValueError, match=r"points_of_a_test\.Point.*allowed_deserial"):
        decode_value(written(f"{own_module}:Point", {"x": 1}))
    assert own_module not in sys.modules


def test_a_class_that_the_setting_names_is_imported(own_module: str, setting: Any) -> None:
    setting("airflow.* points_of_a_*")
    assert decode_value(written(f"{own_module}:Point", {"x": 1})).x == 1


def test_a_class_that_the_regular_expression_names_is_imported(
    own_module: str, setting: Any
) -> None:
    setting("airflow.*", r"points_.*\.Po[a-z]+$")
    assert decode_value(written(f"{own_module}:Point", {"x": 1})).x == 1
    with pytest.raises(UnreadableValueError, match="allowed_deserialization_classes"):
        decode_value(written("points_of_no_test:Versioned", {}))


def test_ones_own_classes_need_no_setting_once_they_are_imported(own_module: str) -> None:
    module = __import__(own_module)
    assert decode_value(encode_value(module.Point(4))) == module.Point(4)


def test_a_class_of_an_installed_package_has_to_be_named(
    installed_module: str, setting: Any
) -> None:
    module = __import__(installed_module)
    text = encode_value(module.Point(4))
    with pytest.raises(UnreadableValueError, match=r"points_of_a_package\.Point.*must not"):
        decode_value(text)
    setting("points_of_a_package.Point")
    assert decode_value(text) == module.Point(4)


def test_a_class_of_python_itself_is_not_made_an_instance_of(setting: Any) -> None:
    text = written("subprocess:Popen", {"args": "ls"})
    with pytest.raises(UnreadableValueError, match=r"subprocess\.Popen, which must not"):
        decode_value(text)
    setting("subprocess.*")
    with pytest.raises(UnreadableValueError, match="no dataclass class"):
        decode_value(text)


def test_a_value_of_a_newer_version_of_a_class_is_not_read(own_module: str) -> None:
    __import__(own_module)
    text = written(f"{own_module}:Versioned", {}, "serialized", version=2)
    with pytest.raises(UnreadableValueError, match=r"written by version 2 .* version 1 here"):
        decode_value(text)
