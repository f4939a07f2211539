"""What the installed provider packages say about themselves."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_log = logging.getLogger(__name__)

GROUP = "apache_airflow_provider"
"""The entry points under which packages say what they provide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One installed provider package."""

    package: str
    version: str
    info: Mapping[str, UserValue]
    """What its `get_provider_info` returns."""


def provided(what: str) -> Iterator[UserValue]:
    """Every entry of that kind, such as `connection-types`, of all installed providers."""
    for _provider, entry in provided_by(what):
        yield entry


def provided_by(what: str) -> Iterator[tuple[Provider, UserValue]]:
    """The same with the provider of each."""
    for provider in providers():
        for entry in provider.info.get(what) or ():
            yield provider, entry


@cache
def providers() -> tuple[Provider, ...]:
    """All of them, by the name of the package; looked up once in a process.

    One that cannot say anything costs the others nothing.
    """
    from importlib.metadata import entry_points

    from slipstream.sdk import _standard_provider as standard

    found: dict[str, Provider] = {}
    for entry in entry_points(group=GROUP):
        try:
            info = entry.load()()
            package = entry.dist.metadata["Name"] if entry.dist else info["package-name"]
            version = entry.dist.version if entry.dist else ""
            info = {**_links(entry.dist), **info}
        except Exception:  # noqa: BLE001 - whatever is wrong with one package
            _log.warning("The provider %s does not say what it has", entry.value, exc_info=True)
            continue
        found.setdefault(package, Provider(package=package, version=version, info=info))
    found.setdefault(
        standard.PACKAGE,
        Provider(package=standard.PACKAGE, version=standard.VERSION, info=standard.INFO),
    )
    return tuple(found[package] for package in sorted(found))


def _links(package: Distribution | None) -> Mapping[str, str]:
    """Where the package is documented, if its metadata says so."""
    for link in package.metadata.get_all("Project-URL") or () if package else ():
        label, _, url = str(link).partition(", ")
        if label == "Documentation":
            return {"documentation-url": url}
    return {}


@cache
def default_settings() -> Mapping[str, Mapping[str, str | None]]:
    """`{section: {key: default}}` of what the providers add to the settings.

    A key without a default has None.
    """
    found: dict[str, dict[str, str | None]] = {}
    for provider in providers():
        for section, described in (provider.info.get("config") or {}).items():
            keys = found.setdefault(section.lower(), {})
            for key, option in (described.get("options") or {}).items():
                default = option.get("default")
                keys.setdefault(key.lower(), None if default is None else _unescaped(str(default)))
    return found


def _unescaped(default: str) -> str:
    """Defaults are written as format strings: braces stand doubled in them."""
    return default.replace("{{", "{").replace("}}", "}")


def task_decorator(name: str) -> str | None:
    """Where the decorator `@task.name` of an installed provider is, as `module:attribute`."""
    for entry in provided("task-decorators"):
        if entry["name"] == name:
            module, _, attribute = str(entry["class-name"]).rpartition(".")
            return f"{module}:{attribute}"
    return None
