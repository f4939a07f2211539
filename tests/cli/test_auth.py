"""`slipstream auth` and `slipstream roles`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Slipstream

from slipstream.api.auth.personal import hash_of
from slipstream.store.event_records import EventFilter
from slipstream.store.interface import Store, Window


def test_a_token_is_made_listed_and_deleted(slipstream: Slipstream, store: Store) -> None:
    slipstream("users", "create", "-u", "ada", "-p", "x", "-r", "Viewer")
    words = ("auth", "create-token", "-u", "ada", "--name", "ci")
    token = slipstream(*words, "--scope", "read:dag@dag:etl").out.strip()
    kept = store.find_access_token(hash_of(token))
    assert kept is not None
    assert kept.scope == ("read:dag@dag:etl",)
    listed = slipstream("auth", "list-tokens", "-o", "json")
    assert token not in listed.out
    assert slipstream(*words, "--scope", "read:nothing").code == 2
    assert slipstream("auth", "create-token", "-u", "nobody", "--name", "x").code == 1
    assert slipstream("auth", "delete-token", str(kept.pk)).code == 0
    assert slipstream("auth", "delete-token", str(kept.pk)).code == 1
    events = [one.what.event for one in store.list_events(EventFilter(), Window()).items]
    assert events == ["cli_users_create", "cli_auth_create_token", "cli_auth_delete_token"]


def test_the_key_is_changed(slipstream: Slipstream, store: Store) -> None:
    assert "counts until" in slipstream("auth", "rotate-keys").out
    first = store.get_secrets("api.jwt")
    slipstream("auth", "rotate-keys", "--at-once")
    second = store.get_secrets("api.jwt")
    assert first["api.jwt"] != second["api.jwt"]
    assert "api.jwt.previous" in first
    assert "api.jwt.previous" not in second


def test_roles_are_made_given_exported_and_imported(slipstream: Slipstream, tmp_path: Path) -> None:
    assert slipstream("roles", "create", "Team").code == 0
    assert slipstream("roles", "create", "Team").code == 1
    give = ("roles", "add-perms", "Team", "-r", "DAGs", "DAG:sales", "-a", "can_read", "can_edit")
    assert "added 4" in slipstream(*give).out
    assert (
        "removed 1" in slipstream("roles", "del-perms", "Team", "-r", "DAGs", "-a", "can_edit").out
    )
    assert slipstream("roles", "add-perms", "Team", "-r", "Nothing").code == 2
    file = tmp_path / "roles.json"
    slipstream("roles", "export", str(file))
    assert slipstream("roles", "delete", "Team").code == 0
    entries = json.loads(file.read_text())
    entries.append({"name": "Team", "resource": "Website", "action": "can_read"})
    file.write_text(json.dumps(entries))
    assert "left out can_read on Website" in slipstream("roles", "import", str(file)).out
    rows = slipstream("roles", "list", "-p", "-o", "json").json
    team = [(row["resource"], row["action"]) for row in rows if row["name"] == "Team"]  # type: ignore[union-attr, call-overload, index]
    assert sorted(team) == [
        ("DAG:sales", "can_edit"),
        ("DAG:sales", "can_read"),
        ("DAGs", "can_read"),
    ]


def test_users_get_and_lose_roles(slipstream: Slipstream, store: Store) -> None:
    slipstream("users", "create", "-u", "root", "-p", "x")
    slipstream("users", "create", "-u", "ada", "-p", "x", "-r", "Viewer", "-e", "a@x")
    assert slipstream("users", "add-role", "-e", "a@x", "-r", "Op").code == 0
    assert slipstream("users", "remove-role", "-u", "ada", "-r", "viewer").code == 0
    ada = store.get_account("ada")
    assert ada is not None
    assert ada.roles == ("Op",)
    assert slipstream("users", "remove-role", "-u", "root", "-r", "Admin").code == 1
    assert slipstream("users", "delete", "-u", "root").code == 1
    assert slipstream("users", "reset-password", "-u", "ada", "-p", "new").code == 0
    assert slipstream("users", "delete", "-u", "ada").code == 0
    assert slipstream("users", "delete", "-u", "ada").code == 1
