"""The commands that provider packages bring: `slipstream celery worker`."""

from __future__ import annotations

import os
import sys
from argparse import Namespace, _SubParsersAction
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError, UsageError

if TYPE_CHECKING:
    from slipstream.cli.grammar import Parser


_BROUGHT_BY = {
    "aws-auth-manager": "amazon",
    "celery": "celery",
    "edge": "edge3",
    "fab-db": "fab",
    "keycloak-auth-manager": "keycloak",
    "kubernetes": "cncf-kubernetes",
}


def add_provided_commands(
    nouns: _SubParsersAction[Parser],
    taken: Collection[str],
    wanted: str | None,
    arguments: Sequence[str],
) -> None:
    """Add those whose names are not taken. Looking for them reads every installed provider.

    The home and the settings file of the command line count for what they do, too. Raises
    `UsageError` where `wanted` is a command of a package that is not installed.
    """
    for option, variable in (("--home", "SLIPSTREAM_HOME"), ("--config", "SLIPSTREAM_CONFIG")):
        if given := _value_of(option, arguments):
            os.environ[variable] = os.path.abspath(os.path.expanduser(given))
    from slipstream import compat

    compat.install()
    from slipstream.compat.commands.grammar import add_command, provided_commands

    for command in provided_commands():
        if command.name not in taken:
            add_command(nouns, command).set_defaults(run=_run)
    if wanted in _BROUGHT_BY and wanted not in nouns.choices:
        raise UsageError(
            f"The command {wanted} comes with a provider package that is not installed here: "
            f"slipstream providers install {_BROUGHT_BY[wanted]}"
        )


def _run(deployment: Deployment, arguments: Namespace) -> int | None:
    """Call the package's function with what was parsed; gives its exit code."""
    from slipstream.sdk._conf import settings_folders
    from slipstream.sdk.exceptions import AirflowException

    del deployment
    sys.path += [folder for folder in settings_folders() if os.path.isdir(folder)]
    try:
        arguments.func(arguments)
    except SystemExit as stop:
        if isinstance(stop.code, str):
            raise CommandFailedError(stop.code) from stop
        return stop.code
    except AirflowException as error:
        raise CommandFailedError(str(error)) from error
    except ModuleNotFoundError as error:
        raise CommandFailedError(
            f"{error}. The command needs a package that its provider does not say that it needs; "
            f"install it."
        ) from error
    return None


def _value_of(option: str, arguments: Sequence[str]) -> str | None:
    for index, word in enumerate(arguments):
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
        if word == option and index + 1 < len(arguments):
            return arguments[index + 1]
    return None
