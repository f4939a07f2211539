"""`airflow.utils.platform`: the machine and the user that a process runs as."""

from __future__ import annotations

import getpass
import os
import sys

IS_WINDOWS = os.name == "nt"


def is_tty() -> bool:
    """Whether both standard output and standard error are terminals."""
    return sys.stdout.isatty() and sys.stderr.isatty()


def is_terminal_support_colors() -> bool:
    """Whether the terminal shows colours."""
    return (
        is_tty()
        and os.environ.get("TERM", "dumb") != "dumb"
        and (IS_WINDOWS or "COLORTERM" in os.environ or "TERM" in os.environ)
    )


def get_airflow_git_version() -> str | None:
    """The commit that Airflow was built from: none, for this is not Airflow."""
    return None


def getuser() -> str:
    """The name of this process's user. Raises `AirflowConfigException` where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        from slipstream.sdk.exceptions import AirflowConfigException

        raise AirflowConfigException(
            f"The user with the number {os.getuid()} has no name. Add it to the system's users, "
            f"or set the variable LOGNAME."
        ) from error
