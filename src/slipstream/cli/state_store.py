"""`slipstream state-store`."""

from __future__ import annotations

from argparse import Namespace

from slipstream.cli.deployment import Deployment
from slipstream.cli.grammar import Group


def add_commands(group: Group) -> None:
    """The verbs of `state-store`."""
    clean = group.verb("clean", clean_expired, "Remove what tasks remember and has expired")
    clean.add_argument("--dry-run", action="store_true", help="only count")


def clean_expired(deployment: Deployment, arguments: Namespace) -> None:
    """Remove expired values of task instances, in batches of the size that is set."""
    batch_size = deployment.config.integer("state_store", "state_cleanup_batch_size")
    count = deployment.store.clean_task_state(batch_size=batch_size, dry_run=arguments.dry_run)
    verb = "would be removed" if arguments.dry_run else "removed"
    print(f"{count} expired {'value' if count == 1 else 'values'} {verb}.")
