"""What in the settings of an Airflow has another name now, or no effect."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from slipstream.config.constraints import FORMER_NAMES, SECRETS, Name
from slipstream.config.load import airflow_cfg
from slipstream.config.options import OPTIONS
from slipstream.config.secrecy import is_keyword
from slipstream.config.sources import AIRFLOW_PREFIX, Layer, read_airflow_cfg, read_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One option that is to be looked at."""

    section: str
    key: str
    source: str
    file: Path | None
    """The `airflow.cfg` that it stands in; None for a variable."""
    today: Name | None
    """The name that it has today; None where it has no effect."""


def findings(environ: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Of the `airflow.cfg` that the environment names, and of `AIRFLOW__…` variables."""
    environ = os.environ if environ is None else environ
    file = airflow_cfg(environ)
    if file is not None:
        yield from _of_layer(read_airflow_cfg(file), file)
    yield from _of_layer(read_environment(environ, AIRFLOW_PREFIX), None)


def _of_layer(layer: Layer, file: Path | None) -> Iterator[Finding]:
    today = {old: new for new, old in FORMER_NAMES.items() if old != new}
    for name, given in layer.items():
        plain = _plain(name)
        if plain in today:
            new = today[plain]
            found = (new[0], new[1] + name[1].removeprefix(plain[1]))
        elif _has_no_effect(plain):
            found = None
        else:
            continue
        yield Finding(
            section=name[0],
            key=name[1],
            source=given.origin.describe(name),
            file=file,
            today=found,
        )


def _plain(name: Name) -> Name:
    for suffix in ("_cmd", "_secret"):
        plain = (name[0], name[1].removesuffix(suffix))
        if plain != name and (plain in SECRETS or plain in FORMER_NAMES.values()):
            return plain
    return name


def _has_no_effect(name: Name) -> bool:
    """Sections that are not known belong to packages and may hold anything."""
    section, key = name[0].rpartition("=")[2], name[1]
    known = OPTIONS.get(section)
    if known is None or key in known:
        return False
    return (section, key) not in SECRETS and not is_keyword((section, key))
