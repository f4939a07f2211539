"""Objects that providers name by their import paths."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from slipstream.compat.adapters.helpers import import_string
from slipstream.sdk._provider_info import provided_by

_log = logging.getLogger("airflow.providers_manager")


def importable(path: str, package: str) -> Any | None:
    """The object, or None where it cannot be had; the log says why.

    A package that it needs and that is not installed is the ordinary case, and no warning.
    """
    from slipstream.sdk.exceptions import AirflowOptionalProviderFeatureException

    try:
        return import_string(path)
    except AirflowOptionalProviderFeatureException as error:
        _log.info("%s of %s is left out: %s", path, package, error)
    except ImportError as error:
        level = logging.INFO if "No module named" in str(error) else logging.WARNING
        _log.log(level, "%s of %s cannot be imported: %s", path, package, error)
    except Exception:  # noqa: BLE001 - a provider's module may fail in any way
        _log.warning("%s of %s cannot be imported", path, package, exc_info=True)
    return None


def class_names(what: str) -> list[str]:
    """The classes of that kind that can be imported, sorted."""
    return sorted(set(_importable_names((path, package) for package, path in named(what))))


def class_names_without_check(what: str) -> set[tuple[str, str]]:
    """`{(class, package)}`, whether they can be imported or not."""
    return {(path, package) for package, path in named(what)}


def named(what: str) -> Iterator[tuple[str, str]]:
    """`(package, import path)` of every object of that kind."""
    for provider, path in provided_by(what):
        yield provider.package, path


def later(path: str, package: str) -> Any:
    """A function that imports the object, for mappings that look up on demand."""
    return partial(importable, path, package)


def _importable_names(paths: Iterable[tuple[str, str]]) -> Iterator[str]:
    for path, package in paths:
        if importable(path, package) is not None:
            yield path
