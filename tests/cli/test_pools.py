"""`slipstream pools`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream


def test_there_is_a_default_pool(slipstream: Slipstream) -> None:
    (pool,) = slipstream("pools", "list", "-o", "json").json
    assert (pool["pool"], pool["slots"]) == ("default_pool", 128)
    assert slipstream("pools", "delete", "default_pool").code == 1


def test_a_pool_is_made_changed_shown_and_deleted(slipstream: Slipstream) -> None:
    assert slipstream("pools", "set", "gpu", "2", "the cards", "--include-deferred").code == 0
    assert slipstream("pools", "set", "gpu", "4", "the cards").code == 0
    assert slipstream("pools", "get", "gpu", "-o", "json").json == [
        {
            "pool": "gpu",
            "slots": 4,
            "description": "the cards",
            "include_deferred": False,
            "team_name": None,
        }
    ]
    assert slipstream("pools", "delete", "gpu").code == 0
    assert slipstream("pools", "get", "gpu").code == 1


def test_an_export_can_be_imported(slipstream: Slipstream, tmp_path: Path) -> None:
    file = tmp_path / "pools.json"
    slipstream("pools", "set", "gpu", "2", "the cards")
    slipstream("pools", "export", str(file))
    assert json.loads(file.read_text())["gpu"]["slots"] == 2
    slipstream("pools", "delete", "gpu")
    assert slipstream("pools", "import", str(file)).code == 0
    assert slipstream("pools", "get", "gpu").code == 0


@pytest.mark.parametrize("entry", [{"description": "no slots"}, {"slots": "many"}, {"slots": -2}])
def test_an_import_with_a_bad_entry_changes_nothing(
    slipstream: Slipstream, tmp_path: Path, entry: dict[str, object]
) -> None:
    file = tmp_path / "pools.json"
    file.write_text(json.dumps({"good": {"slots": 1}, "bad": entry}))
    done = slipstream("pools", "import", str(file))
    assert done.code == 1
    assert "'bad'" in done.err
    assert slipstream("pools", "get", "good").code == 1


@pytest.mark.parametrize("noun", ["pools", "roles", "users", "variables"])
def test_what_is_exported_to_standard_output_can_be_read_by_programs(
    slipstream: Slipstream, noun: str
) -> None:
    slipstream("variables", "set", "k", "v")
    assert slipstream(noun, "export", "-").json is not None
