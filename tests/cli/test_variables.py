"""`slipstream variables`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream


def test_a_variable_is_set_shown_listed_and_deleted(slipstream: Slipstream) -> None:
    assert slipstream("variables", "set", "day", "monday", "--description", "first").code == 0
    assert slipstream("variables", "get", "day").out == "monday\n"
    listed = slipstream("variables", "list", "--output", "json")
    assert listed.json == [{"key": "day", "description": "first"}]
    assert slipstream("variables", "delete", "day").code == 0
    assert slipstream("variables", "list").out == "No data found\n"


def test_a_missing_variable_is_one_line_unless_there_is_a_default(slipstream: Slipstream) -> None:
    missing = slipstream("variables", "get", "day")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err.count("\n") == 1
    assert slipstream("variables", "get", "day", "--default", "none").out == "none\n"
    assert slipstream("variables", "delete", "day").code == 1


def test_json_is_checked_when_asked_for(slipstream: Slipstream) -> None:
    assert slipstream("variables", "set", "--json", "day", "{").code == 2
    slipstream("variables", "set", "--json", "day", '{"a": 1}')
    assert json.loads(slipstream("variables", "get", "--json", "day").out) == {"a": 1}


def test_an_export_can_be_imported(slipstream: Slipstream, tmp_path: Path) -> None:
    file = tmp_path / "variables.json"
    slipstream("variables", "set", "text", "t")
    slipstream("variables", "set", "object", '{"a": [1]}', "--description", "d")
    slipstream("variables", "export", str(file))
    assert json.loads(file.read_text()) == {
        "text": "t",
        "object": {"value": {"a": [1]}, "description": "d"},
    }
    assert file.stat().st_mode & 0o077 == 0
    for key in ("text", "object"):
        slipstream("variables", "delete", key)
    assert slipstream("variables", "import", str(file)).code == 0
    assert json.loads(slipstream("variables", "get", "object").out) == {"a": [1]}


@pytest.mark.parametrize(
    ("action", "code", "value"), [("overwrite", 0, "new"), ("skip", 0, "old"), ("fail", 1, "old")]
)
def test_an_import_treats_what_is_there_as_asked(
    slipstream: Slipstream, tmp_path: Path, action: str, code: int, value: str
) -> None:
    file = tmp_path / "variables.yaml"
    file.write_text("day: new\n")
    slipstream("variables", "set", "day", "old")
    assert slipstream("variables", "import", str(file), "-a", action).code == code
    assert slipstream("variables", "get", "day").out == f"{value}\n"


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_file_that_holds_no_object_is_one_line(
    slipstream: Slipstream, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "variables.json"
    file.write_text(text)
    done = slipstream("variables", "import", str(file))
    assert done.code == 1
    assert done.err.count("\n") == 1
