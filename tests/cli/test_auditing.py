"""What commands leave in the audit log."""

from __future__ import annotations

import getpass

from tests.cli.conftest import Slipstream

from slipstream.cli.auditing import AUDITED
from slipstream.cli.dispatch import NOUNS
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


def test_every_audited_command_is_one() -> None:
    assert {noun for noun, _ in AUDITED} <= set(NOUNS)
