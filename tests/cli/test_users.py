"""`slipstream users`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Slipstream

from slipstream.api.auth.passwords import password_matches
from slipstream.store import open_store


def test_a_user_is_made_with_the_hash_of_the_password(slipstream: Slipstream, home: Path) -> None:
    done = slipstream("users", "create", "-u", "ada", "-p", "hush", "--role", "Viewer")
    assert done.code == 0
    assert "hush" not in done.out
    listed = slipstream("users", "list", "-o", "json")
    (row,) = listed.json  # type: ignore[misc]
    assert (row["username"], row["roles"], row["source"]) == ("ada", "Viewer", "database")
    store = open_store(f"sqlite:///{home}/slipstream.db", xcom_url=str(home / "xcom"))
    try:
        stored = store.get_account("ada")
    finally:
        store.close()
    assert stored is not None
    assert password_matches(stored.password_hash, "hush")


def test_a_second_user_of_that_name_is_refused(slipstream: Slipstream) -> None:
    words = ("users", "create", "-u", "ada", "--use-random-password")
    assert "Password: " in slipstream(*words).out
    assert slipstream(*words).code == 1


def test_an_unknown_role_is_wrong_usage(slipstream: Slipstream) -> None:
    assert slipstream("users", "create", "-u", "ada", "-p", "x", "-r", "king").code == 2
