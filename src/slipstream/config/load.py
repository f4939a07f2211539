"""Reads the layers of settings and lays them over each other, the strongest on top."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from slipstream.config.constraints import FORMER_NAMES, SECRETS, Name
from slipstream.config.deferred import resolve
from slipstream.config.errors import ConfigError
from slipstream.config.options import OPTIONS, Kind
from slipstream.config.secrecy import is_keyword
from slipstream.config.sources import (
    AIRFLOW_PREFIX,
    OWN_PREFIX,
    Given,
    Layer,
    Origin,
    read_airflow_cfg,
    read_environment,
    read_toml,
)
from slipstream.config.tree import Config

FILE_NAME = "slipstream.toml"


def load_config(
    *,
    flags: Mapping[Name, tuple[str, str]] | None = None,
    file: Path | None = None,
    home: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """The settings of this process.

    Strongest first: `flags` (`{(section, key): (value, name of the flag)}`), the environment
    (`SLIPSTREAM__SECTION__KEY`), `slipstream.toml`, Airflow's environment
    (`AIRFLOW__SECTION__KEY`), an `airflow.cfg`, the defaults. Raises `ConfigError`.
    """
    environ = os.environ if environ is None else environ
    home = _absolute(home or environ.get("SLIPSTREAM_HOME") or "~/.slipstream")
    file = _file(file, home, environ)
    given_by_flag = {
        name: Given(value, Origin(flag)) for name, (value, flag) in (flags or {}).items()
    }
    own = [read_environment(environ, OWN_PREFIX), read_toml(file) if file else {}]
    for layer in own:
        _refuse_unknown(layer)
    file_of_airflow = airflow_cfg(environ)
    airflow = [
        read_environment(environ, AIRFLOW_PREFIX),
        read_airflow_cfg(file_of_airflow) if file_of_airflow else {},
    ]
    values: Layer = {}
    deferred: Layer = {}
    for layer in [given_by_flag, *own, *map(_with_todays_names, airflow)]:
        _lay_under(layer, values, deferred)
    return Config(home=home, file=file, values=values, deferred=deferred, resolve=resolve)


def _absolute(path: Path | str) -> Path:
    return Path(os.path.abspath(os.path.expanduser(path)))


def _file(file: Path | None, home: Path, environ: Mapping[str, str]) -> Path | None:
    """The `slipstream.toml` to read: one that was asked for must exist, the home's may."""
    asked = str(file) if file else environ.get("SLIPSTREAM_CONFIG")
    if not asked:
        path = home / FILE_NAME
        return path if path.is_file() else None
    path = _absolute(asked)
    if not path.is_file():
        raise ConfigError(
            f"{path} does not exist; expected the settings file that --config or "
            f"SLIPSTREAM_CONFIG names. Create it, or leave the option out."
        )
    return path


def airflow_cfg(environ: Mapping[str, str]) -> Path | None:
    """The `airflow.cfg` of an Airflow that the environment points at."""
    if asked := environ.get("AIRFLOW_CONFIG"):
        path = _absolute(asked)
    elif airflow_home := environ.get("AIRFLOW_HOME"):
        path = _absolute(airflow_home) / "airflow.cfg"
    else:
        return None
    return path if path.is_file() else None


def _lay_under(layer: Layer, values: Layer, deferred: Layer) -> None:
    """Add what the stronger layers above do not say."""
    taken = set(values) | {_plain_name(name) for name in deferred}
    for name, given in layer.items():
        plain = _plain_name(name)
        if plain in taken or _is_no_value(plain, given):
            continue
        if plain != name:
            deferred[name] = given
        else:
            values[name] = _expanded(name, given)


def _plain_name(name: Name) -> Name:
    """The setting that `key_cmd` or `key_secret` stands for; other names as they are.

    Only secrets may be asked for in that way.
    """
    for suffix in ("_cmd", "_secret"):
        plain = (name[0], name[1].removesuffix(suffix))
        if plain != name and plain in SECRETS:
            return plain
    return name


def _is_no_value(name: Name, given: Given) -> bool:
    """Whether it is empty where emptiness says nothing: anything but a text with a default."""
    if given.text.strip():
        return False
    option = OPTIONS.get(name[0], {}).get(name[1])
    if option is None:
        return name in SECRETS
    return option[0] is not Kind.STR or option[1] is None or name in SECRETS


def _expanded(name: Name, given: Given) -> Given:
    """Paths get `~` and `$VARIABLES` expanded; what comes from Airflow's settings, variables."""
    option = OPTIONS.get(name[0], {}).get(name[1])
    is_path = option is not None and option[0] is Kind.PATH
    if not (is_path or given.origin.is_airflow) or not set("$~") & set(given.text):
        return given
    text = os.path.expandvars(given.text)
    return Given(os.path.expanduser(text) if is_path else text, given.origin)


def _with_todays_names(layer: Layer) -> Layer:
    """Settings of Airflow 1.10 and 2 under the names of Airflow 3, where those are not given."""
    renamed = {
        new: layer[old] for new, old in FORMER_NAMES.items() if old in layer and new not in layer
    }
    return {**layer, **renamed}


def _refuse_unknown(layer: Layer) -> None:
    """A misspelt key in our own sources would do nothing, silently.

    Sections that are not known belong to providers and plugins and may hold anything.
    """
    for name, given in layer.items():
        section, key = _plain_name(name)
        known = OPTIONS.get(section)
        if known is None or key in known or (section, key) in SECRETS or is_keyword((section, key)):
            continue
        from difflib import get_close_matches

        close = get_close_matches(key, known, n=1)
        advice = f"did you mean {close[0]}?" if close else "`slipstream config list` shows all."
        raise ConfigError(
            f"{given.origin.describe(name)}: there is no setting [{section}] {key}; {advice}"
        )
