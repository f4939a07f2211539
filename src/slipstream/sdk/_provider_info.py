"""What the installed provider packages say about themselves."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from functools import cache

from slipstream.sdk._types import UserValue

_log = logging.getLogger(__name__)


def provided(what: str) -> Iterator[UserValue]:
    """Every entry of that kind, such as `connection-types`, of all installed providers."""
    for info in _infos():
        yield from info.get(what) or ()


@cache
def _infos() -> tuple[Mapping[str, UserValue], ...]:
    """Looked up once in a process. A provider that cannot say anything costs the others nothing."""
    from importlib.metadata import entry_points

    found: list[Mapping[str, UserValue]] = []
    for entry in entry_points(group="apache_airflow_provider"):
        try:
            found.append(entry.load()())
        except Exception:  # noqa: BLE001 - whatever is wrong with one package
            _log.warning("The provider %s does not say what it has", entry.value, exc_info=True)
    return tuple(found)


def task_decorator(name: str) -> str | None:
    """Where the decorator `@task.name` of an installed provider is, as `module:attribute`."""
    for entry in provided("task-decorators"):
        if entry["name"] == name:
            module, _, attribute = str(entry["class-name"]).rpartition(".")
            return f"{module}:{attribute}"
    return None
