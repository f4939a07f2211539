"""`slipstream rotate-fernet-key`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream

from slipstream.cli.home_lock import HomeLock
from slipstream.cli.keys import KEY_FILE, new_key


def test_a_new_key_replaces_the_one_in_the_file(slipstream: Slipstream, home: Path) -> None:
    slipstream("variables", "set", "day", "monday")
    before = (home / KEY_FILE).read_text()
    assert slipstream("rotate-fernet-key").code == 0
    assert (home / KEY_FILE).read_text() != before
    assert slipstream("variables", "get", "day").out == "monday\n"


def test_keys_of_the_settings_are_used_as_they_are(
    slipstream: Slipstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = new_key(), new_key()
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", old)
    slipstream("variables", "set", "day", "monday")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", f"{new},{old}")
    assert slipstream("rotate-fernet-key").code == 0
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", new)
    assert slipstream("variables", "get", "day").out == "monday\n"


def test_it_is_refused_while_a_server_runs(slipstream: Slipstream, home: Path) -> None:
    slipstream("variables", "set", "day", "monday")
    before = (home / KEY_FILE).read_text()
    with HomeLock(home / "run", purpose="a server"):
        done = slipstream("rotate-fernet-key")
    assert done.code == 1
    assert "a server" in done.err
    assert (home / KEY_FILE).read_text() == before
