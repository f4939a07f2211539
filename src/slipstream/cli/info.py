"""`slipstream info` and `slipstream version`."""

from __future__ import annotations

from argparse import Namespace

from slipstream import __version__
from slipstream.cli.deployment import Deployment
from slipstream.cli.grammar import Group
from slipstream.cli.output import show_fields
from slipstream.cli.places import without_password
from slipstream.model.json import JsonValue

PACKAGES = ("sqlalchemy", "alembic", "fastapi", "uvicorn", "pydantic", "msgspec", "psycopg")


def add_commands(group: Group) -> None:
    """Both are commands without verbs."""
    if group.noun == "version":
        group.command(show_version)
    else:
        group.command(show_info).add_output()


def show_version(_deployment: Deployment, _arguments: Namespace) -> None:
    """Print the version."""
    print(__version__)


def show_info(deployment: Deployment, arguments: Namespace) -> None:
    """Print what a report of a problem should contain. Passwords are left out."""
    show_fields(
        {
            **_software(),
            "home": str(deployment.home),
            "settings_file": str(deployment.config.file or "none"),
            "dags_folder": str(deployment.dags_folder),
            "logs_folder": str(deployment.logs_folder),
            "database": without_password(deployment.database_url),
            "executor": deployment.config.text("core", "executor"),
            **_installed(),
        },
        arguments.output,
    )


def _software() -> dict[str, JsonValue]:
    import locale
    import os
    import platform
    import sys

    return {
        "version": __version__,
        "python": platform.python_version(),
        "python_location": sys.executable,
        "platform": platform.platform(),
        "cpus": len(os.sched_getaffinity(0)),
        "encoding": locale.getencoding(),
    }


def _installed() -> dict[str, JsonValue]:
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, JsonValue] = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
