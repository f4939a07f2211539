"""`slipstream info` and `slipstream version`."""

from __future__ import annotations

from argparse import Namespace

from slipstream import __version__
from slipstream.cli.deployment import Deployment
from slipstream.cli.grammar import Group
from slipstream.cli.output import show_fields
from slipstream.model.json import JsonValue
from slipstream.model.sensitive import without_password

PACKAGES = ("sqlalchemy", "alembic", "fastapi", "uvicorn", "pydantic", "msgspec", "psycopg")


def add_commands(group: Group) -> None:
    """Both are commands without verbs."""
    if group.noun == "version":
        group.command(show_version)
    else:
        parser = group.command(show_info)
        parser.add_argument(
            "--anonymize", action="store_true", help="without names of people and their folders"
        )
        parser.add_output()


def show_version(_deployment: Deployment, _arguments: Namespace) -> None:
    """Print the version."""
    print(__version__)


def show_info(deployment: Deployment, arguments: Namespace) -> None:
    """Print what a report of a problem should contain. Passwords are left out."""
    fields: dict[str, JsonValue] = {
        **_software(),
        "home": str(deployment.home),
        "settings_file": str(deployment.config.file or "none"),
        "dags_folder": str(deployment.dags_folder),
        "logs_folder": str(deployment.logs_folder),
        "database": without_password(deployment.database_url),
        "executor": deployment.config.text("core", "executor"),
        **_installed(),
    }
    if arguments.anonymize:
        fields = {key: _without_names(str(value)) for key, value in fields.items()}
    show_fields(fields, arguments.output)


def _without_names(text: str) -> str:
    """The text without the user's folder and name, and without who signs in to a database."""
    import getpass
    import re
    from pathlib import Path

    text = text.replace(str(Path.home()), "~")
    text = re.sub(r"(?<=://)[^/@]*(?=@)", "***", text)
    return re.sub(rf"\b{re.escape(getpass.getuser())}\b", "***", text)


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
