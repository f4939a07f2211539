"""`slipstream rotate-fernet-key`."""

from __future__ import annotations

from argparse import Namespace

from slipstream.cli.deployment import Deployment
from slipstream.cli.grammar import Group
from slipstream.cli.home_lock import HomeLock
from slipstream.cli.keys import KEY_FILE, fernet_keys, new_key, write_keys


def add_commands(group: Group) -> None:
    """A command without verbs."""
    group.command(rotate)


def rotate(deployment: Deployment, _arguments: Namespace) -> None:
    """Encrypt every secret in the database anew.

    Keys of the settings stay as they are: the first of them is the one to encrypt with. A key file
    gets a new key, and loses the old ones when nothing needs them any more.
    """
    if deployment.config.get("core", "fernet_key"):
        print(f"Encrypted {deployment.store.rotate_encryption()} values with the first key.")
        return
    # A running server would go on with the old key and could not read what is encrypted now.
    with HomeLock(deployment.run_folder, purpose="rotating the keys"):
        path = deployment.home / KEY_FILE
        key = new_key()
        # Both keys are on disk for as long as values of either kind may be in the database.
        write_keys(path, [key, *fernet_keys(deployment.config)])
        count = deployment.store.rotate_encryption()
        write_keys(path, [key])
    print(f"Made a new key in {path} and encrypted {count} values with it.")
