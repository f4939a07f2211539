"""Where settings come from: files and the environment, each read into the same plain shape."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from slipstream.config.constraints import Name
from slipstream.config.errors import ConfigError
from slipstream.config.options import OPTIONS

if TYPE_CHECKING:
    from configparser import RawConfigParser

OWN_PREFIX = "SLIPSTREAM__"
AIRFLOW_PREFIX = "AIRFLOW__"
AIRFLOW_DEFAULT_DATABASE = "airflow.db"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was found: a variable or flag by its name, a file by its path."""

    name: str
    file: Path | None = None
    is_airflow: bool = False

    def describe(self, name: Name) -> str:
        """The place in words: `path:line` in a file, otherwise the variable or flag."""
        if self.file is None:
            return self.name
        line = _line_of(self.file, name)
        return f"{self.file}:{line}" if line else str(self.file)


@dataclass(frozen=True, slots=True)
class Given:
    """A value as somebody wrote it."""

    text: str
    origin: Origin


_DOTTED_SECTIONS = {name.replace(".", "_"): name for name in OPTIONS if "." in name}

Layer: TypeAlias = dict[Name, Given]
"""What one source says; a key may end in `_cmd` or `_secret`."""


def read_environment(environ: Mapping[str, str], prefix: str) -> Layer:
    """The variables `PREFIX` + `SECTION__KEY`; `TEAM___SECTION__KEY` gives `team=section`."""
    layer: Layer = {}
    for variable, text in environ.items():
        if not variable.startswith(prefix):
            continue
        team, of_team, rest = variable[len(prefix) :].partition("___")
        team, rest = (f"{team}=", rest) if of_team else ("", team)
        section, separator, key = rest.partition("__")
        if section and separator and key:
            origin = Origin(variable, is_airflow=prefix == AIRFLOW_PREFIX)
            # A variable's name has no dot, where a section's may have one.
            name = team.lower() + _DOTTED_SECTIONS.get(section.lower(), section.lower())
            layer[name, key.lower()] = Given(text, origin)
    return layer


def read_toml(path: Path) -> Layer:
    """The tables of a `slipstream.toml`. Raises `ConfigError` where it is not valid."""
    import tomllib

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path} is not valid TOML: {error}. Correct it, or point --config at another."
        raise ConfigError(message) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    return {
        (section.lower(), key.lower()): Given(_text_of(value), Origin(str(path), path))
        for section, key, value in _entries(document, path)
    }


def _entries(document: Mapping[str, object], path: Path) -> Iterator[tuple[str, str, object]]:
    for section, table in document.items():
        if not isinstance(table, dict):
            message = (
                f"{path}: found {section!r} outside of a section; expected every setting below "
                f"a line like [core]."
            )
            raise ConfigError(message)
        for key, value in table.items():
            yield section, key, value


def _text_of(value: object) -> str:
    """A TOML value as the text that a variable would hold."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ",".join(str(item) for item in value)
    if isinstance(value, list | dict):
        import json

        return json.dumps(value, default=str)
    return str(value)


def read_airflow_cfg(path: Path) -> Layer:
    """The sections of an `airflow.cfg`. Raises `ConfigError` where it is not valid."""
    from configparser import ConfigParser, Error

    parser = ConfigParser(interpolation=None, default_section="\0none")
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
    except (Error, UnicodeDecodeError) as error:
        first_line = str(error).partition("\n")[0]
        raise ConfigError(f"{path} is not a valid airflow.cfg: {first_line}.") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    return dict(_options_of(parser, Origin(str(path), path, is_airflow=True)))


def _options_of(parser: RawConfigParser, origin: Origin) -> Iterator[tuple[Name, Given]]:
    for section in parser.sections():
        for key, text in parser.items(section):
            name = (section.lower(), key.lower())
            if name[1] == "sql_alchemy_conn" and _is_airflow_default_database(text):
                continue
            yield name, Given(text.replace("%%", "%"), origin)


def _is_airflow_default_database(url: str) -> bool:
    """Whether it is the SQLite file that Airflow writes into its own file unasked.

    Nobody chose it, and its tables are Airflow's: it must not become our database.
    """
    return url.startswith("sqlite:") and os.path.basename(url) == AIRFLOW_DEFAULT_DATABASE


def _line_of(path: Path, name: Name) -> int:
    """The line of a setting in a file with `[section]` and `key =` lines; 0 where not found."""
    section = ""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text.startswith("[") and "]" in text:
            section = text.strip("[").partition("]")[0].strip().strip("\"'").lower()
        elif section == name[0]:
            key = text.partition("=")[0].partition(":")[0].strip().strip("\"'").lower()
            if key == name[1]:
                return number
    return 0
