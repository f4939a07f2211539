"""Where an Airflow deployment keeps its database and its keys."""

from __future__ import annotations

import os
from collections.abc import Mapping
from configparser import ConfigParser, Error
from dataclasses import dataclass
from pathlib import Path

from slipstream.cli.errors import CommandFailedError, UsageError

_URL_VARIABLES = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__SQL_ALCHEMY_CONN")
_KEY_VARIABLE = "AIRFLOW__CORE__FERNET_KEY"


@dataclass(frozen=True, slots=True)
class AirflowSettings:
    """The URL of the metadata database, and the Fernet keys that sealed its secrets."""

    database_url: str
    fernet_keys: tuple[str, ...]


def airflow_settings(
    *,
    database_url: str | None,
    airflow_home: Path | None,
    fernet_key_file: Path | None,
    environment: Mapping[str, str] | None = None,
) -> AirflowSettings:
    """What was named, then Airflow's environment variables, then its `airflow.cfg`.

    Without `airflow_home` it is AIRFLOW_HOME, or `~/airflow`. Raises `UsageError` where no database
    is named anywhere.
    """
    variables = os.environ if environment is None else environment
    home = airflow_home or Path(variables.get("AIRFLOW_HOME") or Path.home() / "airflow")
    settings = _file(home / "airflow.cfg")
    # A home that was named on purpose is asked before the environment of this shell.
    first, second = (settings, variables) if airflow_home else (variables, settings)
    url = database_url or _url(first) or _url(second) or _default(home)
    if not url:
        raise UsageError(
            f"No Airflow database was named: give --database-url, or --airflow-home with the "
            f"folder of airflow.cfg ({home} has none)."
        )
    if fernet_key_file is not None:
        keys = _read(fernet_key_file)
    else:
        keys = first.get(_KEY_VARIABLE) or second.get(_KEY_VARIABLE) or ""
    return AirflowSettings(
        url, tuple(key for key in keys.replace("\n", ",").split(",") if key.strip())
    )


def _url(settings: Mapping[str, str]) -> str:
    return next((settings[name] for name in _URL_VARIABLES if settings.get(name)), "")


def _default(home: Path) -> str:
    """The database that Airflow makes where nothing is said."""
    file = home / "airflow.db"
    return f"sqlite:///{file}" if file.is_file() else ""


def _file(path: Path) -> Mapping[str, str]:
    """The settings of an `airflow.cfg`, under the names of the environment variables."""
    if not path.is_file():
        return {}
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(_read(path))
    except Error as error:
        raise CommandFailedError(f"{path} cannot be read: {error}") from error
    return {
        f"AIRFLOW__{section.upper()}__{key.upper()}": value.replace(
            "{AIRFLOW_HOME}", str(path.parent)
        )
        for section in ("core", "database")
        if parser.has_section(section)
        for key, value in parser.items(section)
    }


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandFailedError(f"{path} cannot be read: {error.strerror or error}") from error
