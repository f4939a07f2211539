"""Keeping what a command has done in the audit log."""

from __future__ import annotations

import getpass
import socket
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Final

from slipstream.model.errors import SlipstreamError

if TYPE_CHECKING:
    from slipstream.cli.deployment import Deployment
    from slipstream.model.json import JsonValue
    from slipstream.store.audit_entry import AuditEntry, Changes
    from slipstream.store.event_records import NewEvent

AUDITED: Final = frozenset(
    {
        ("approvals", "answer"),
        ("assets", "materialize"),
        ("backfill", "cancel"),
        ("backfill", "create"),
        ("backfill", "pause"),
        ("backfill", "unpause"),
        ("connections", "add"),
        ("connections", "create-default-connections"),
        ("connections", "delete"),
        ("connections", "export"),
        ("connections", "import"),
        ("dags", "clear"),
        ("dags", "delete"),
        ("dags", "pause"),
        ("dags", "reserialize"),
        ("dags", "trigger"),
        ("dags", "unpause"),
        ("db", "clean"),
        ("db", "drop-archived"),
        ("db", "export-archived"),
        ("db-manager", "downgrade"),
        ("db-manager", "migrate"),
        ("db-manager", "reset"),
        ("migrate", "from-airflow"),
        ("partitions", "clear"),
        ("pools", "delete"),
        ("pools", "import"),
        ("pools", "set"),
        ("rotate-fernet-key", None),
        ("state-store", "clean"),
        ("tasks", "clear"),
        ("auth", "create-token"),
        ("auth", "delete-token"),
        ("auth", "rotate-keys"),
        ("roles", "add-perms"),
        ("roles", "create"),
        ("roles", "del-perms"),
        ("roles", "delete"),
        ("roles", "import"),
        ("teams", "create"),
        ("teams", "delete"),
        ("teams", "sync"),
        ("users", "add-role"),
        ("users", "create"),
        ("users", "delete"),
        ("users", "import"),
        ("users", "remove-role"),
        ("users", "reset-mfa"),
        ("users", "reset-password"),
        ("users", "revoke-tokens"),
        ("variables", "delete"),
        ("variables", "import"),
        ("variables", "set"),
    }
)
"""The commands that change something that others work with, or write out all passwords."""

_WITH_SECRETS: Final = frozenset({"connections", "users", "variables"})
"""Nouns whose arguments are not kept: before and after say, masked, what was done."""
_NOT_KEPT: Final = frozenset({"run", "noun", "verb", "home", "config_file", "settings", "output"})


def is_audited(parsed: Namespace) -> bool:
    """Whether the command is one whose doing is kept, and is not only tried."""
    command = (parsed.noun, getattr(parsed, "verb", None))
    return command in AUDITED and not getattr(parsed, "dry_run", False)


def entry_of(parsed: Namespace) -> AuditEntry:
    """What is to be kept of the command."""
    from slipstream.store.audit_entry import AuditEntry

    return AuditEntry(lambda changes: _event(parsed, changes))


def complete(deployment: Deployment, entry: AuditEntry) -> None:
    """Keep what a command was asked for that has changed nothing in the database."""
    what = entry.take()
    if what is None:
        return
    try:
        deployment.unchecked_store.log_event(what)
    except SlipstreamError as error:
        print(f"slipstream: this is not in the audit log: {error}", file=sys.stderr)


def _event(parsed: Namespace, changes: Changes) -> NewEvent:
    from slipstream.store.event_records import Door, NewEvent

    verb = getattr(parsed, "verb", None)
    details: dict[str, JsonValue] = {}
    if parsed.noun not in _WITH_SECRETS:
        details["arguments"] = _arguments(parsed)
    elif hasattr(parsed, "username"):
        details["arguments"] = {"username": parsed.username}
    if changes:
        details["changes"] = [*changes]
    run_id = getattr(parsed, "execution_date_or_run_id", None) or getattr(parsed, "run_id", None)
    return NewEvent(
        event="_".join(["cli", *filter(None, (parsed.noun, verb))]).replace("-", "_"),
        owner=getpass.getuser(),
        door=Door.CLI,
        address=socket.gethostname(),
        dag_id=_text(getattr(parsed, "dag_id", None)),
        run_id=_text(run_id),
        task_id=_text(getattr(parsed, "task_id", None)),
        details=details,
    )


def _arguments(parsed: Namespace) -> dict[str, JsonValue]:
    from slipstream.store.masked_settings import masked_text

    kept: dict[str, JsonValue] = {}
    for name, value in vars(parsed).items():
        if name in _NOT_KEPT or value in (None, False, []):
            continue
        if isinstance(value, str):
            kept[name] = masked_text(name, value)
        elif isinstance(value, list):
            kept[name] = [masked_text(name, str(one)) for one in value]
        elif isinstance(value, bool | int | float):
            kept[name] = value
    return kept


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
