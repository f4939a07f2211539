"""`slipstream plugins`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream
from tests.sdk.plugin_home import plugin_home


def test_there_are_no_plugins_at_first(slipstream: Slipstream) -> None:
    done = slipstream("plugins")
    assert (done.code, done.out) == (0, "No plugins loaded\n")


def test_a_listing_says_what_is_loaded_and_what_is_wrong(
    slipstream: Slipstream, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with plugin_home(home, monkeypatch) as plugins:
        plugins.write("good.py", "class P(AirflowPlugin): name = 'good'")
        plugins.write("bad.py", "1 / 0")
        done = slipstream("plugins", "-o", "json")
        assert done.code == 1
        (told,) = done.json
        assert (told["name"], told["source"]) == ("good", "$PLUGINS_FOLDER/good.py")
        assert told["timetables"] == []
        assert "bad.py is not used: ZeroDivisionError" in done.err
        assert slipstream("plugins", "-o", "plain").out.split() == [
            "name",
            "source",
            "good",
            "$PLUGINS_FOLDER/good.py",
        ]
