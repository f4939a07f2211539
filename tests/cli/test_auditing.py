"""What commands leave in the audit log."""

from __future__ import annotations

import getpass

import pytest
from tests.cli.conftest import Slipstream

from slipstream.cli.auditing import AUDITED
from slipstream.cli.completion import all_words
from slipstream.store.event_records import EventFilter
from slipstream.store.interface import Store
from slipstream.store.records import Window


def test_commands_that_change_something_are_kept(slipstream: Slipstream, store: Store) -> None:
    slipstream("variables", "set", "api_key", "hunter2")
    slipstream("variables", "set", "colour", "red")
    slipstream("variables", "list")
    slipstream("variables", "delete", "not-there")
    slipstream("pools", "set", "gpu", "2", "the cards")
    found = store.list_events(EventFilter(), Window()).items
    assert [record.what.event for record in found] == [
        "cli_variables_set",
        "cli_variables_set",
        "cli_pools_set",
    ]
    secret, colour, pool = (record.what for record in found)
    assert {what.owner for what in (secret, colour, pool)} == {getpass.getuser()}
    assert secret.details["changes"][0]["after"]["value"] == "***"  # type: ignore[index]
    assert "arguments" not in colour.details
    assert pool.details["arguments"] == {"pool": "gpu", "slots": 2, "description": "the cards"}


READING = {
    "approvals": "get list",
    "assets": "details list",
    "audit": "list",
    "auth": "list list-tokens login logout",
    "backfill": "list show",
    "config": "get-value lint list update",
    "connections": "get list test",
    "dags": "details list list-import-errors list-jobs list-runs next-execution report show "
    "show-dependencies state test",
    # Who can drop a database can drop the log of it.
    "db": "check check-migrations downgrade migrate reset shell",
    "jobs": "check",
    "pools": "export get list",
    "providers": "auth-managers behaviours configs executors get hooks install lazy-loaded links "
    "list logging notifications queues secrets triggers widgets",
    "roles": "export list",
    "tasks": "failed-deps list render state states-for-dag-run test",
    "teams": "list",
    "users": "export list",
    "variables": "export get list",
    **dict.fromkeys(["api-server", "dag-processor", "scheduler", "standalone", "triggerer"], ""),
    **dict.fromkeys(
        ["cheat-sheet", "completion", "doctor", "info", "kerberos", "plugins", "version", "why"], ""
    ),
}
"""`{noun: verbs}` of commands that change nothing that others work with."""


def test_every_command_is_audited_or_changes_nothing() -> None:
    reading = {
        (noun, verb or None) for noun, verbs in READING.items() for verb in verbs.split() or [""]
    }
    commands = {
        (command[0], command[1] if len(command) == 2 else None)
        for command, follow in all_words().items()
        if command and not follow.commands
    }
    assert not reading & AUDITED
    assert reading | AUDITED == commands


@pytest.mark.usefixtures("sales")
def test_what_is_done_with_a_backfill_is_kept_and_what_is_only_tried_is_not(
    slipstream: Slipstream, store: Store
) -> None:
    dates = ("--dag-id", "sales", "--from-date", "2026-01-01", "--to-date", "2026-01-04")
    assert slipstream("backfill", "create", *dates, "--dry-run").code == 0
    (row,) = slipstream("backfill", "create", *dates, "-o", "json").json
    for verb in ("pause", "unpause", "cancel"):
        assert slipstream("backfill", verb, str(row["id"])).code == 0
    found = store.list_events(EventFilter(), Window()).items
    assert [record.what.event for record in found] == [
        "cli_backfill_create",
        "cli_backfill_pause",
        "cli_backfill_unpause",
        "cli_backfill_cancel",
    ]
